"""Certificates for tests, made by openssl in a folder of the test's own.

    authority = Authority(folder, "acme")
    files = authority.issue("proxy", names=["DNS:proxy.acme.example"])   # (certificate, key)"""
import subprocess

SERVER, CLIENT = "serverAuth", "clientAuth"


def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                          text=True, input=text, timeout=20).stdout


class Authority:
    def __init__(self, folder, name):
        self.folder = folder
        self.certificate, self.key = folder / f"{name}-ca.crt", folder / f"{name}-ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={name}", "-days", 2, "-keyout", self.key, "-out",
                self.certificate)

    def issue(self, name, names, purpose=CLIENT, days=1):
        """Over at once where `days` is negative."""
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        request = openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                          "-nodes", "-subj", f"/CN={name}", "-keyout", key)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(names)}\nextendedKeyUsage={purpose}\n")
        openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", extensions, "-out", certificate, text=request)
        key.chmod(0o600)
        return certificate, key
