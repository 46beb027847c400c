"""Log lines as their systems write them, for the stories of the column *detect*.

    after(hours=2)                                      an instant of the stories' calendar
    cloudtrail(when, "s3", "GetObject", user("ann", "AKIA…"), "198.51.100.7", BOTO)

Each function gives one record. Names, addresses and ids are made up (RFC 2606, RFC 5737); members
are those that the systems' documentation has, as the sources of `mandate scan` read them.
"""
import base64
import datetime
import hashlib

BEGIN = datetime.datetime(2026, 3, 2, 8, 0, tzinfo=datetime.timezone.utc)  # a Monday
ACCOUNT = "111122223333"
BOTO = "Boto3/1.34.11 md/Botocore#1.34.11 ua/2.0 os/linux lang/python#3.11.2"
GO = "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22 md/GOOS#linux api/s3#1.58.0"
CLI = "aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64 prompt/off"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0"


def after(**span):
    return BEGIN + datetime.timedelta(**span)


def text(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"


def plain(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(*parts):
    """An id that is the same for the same parts."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def uuid_of(*parts):
    digest = key_of(*parts)
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


# --- AWS CloudTrail -------------------------------------------------------------------------------


def user(name, key=None, mfa=None, from_console=False):
    made = {"type": "IAMUser", "principalId": "AIDA" + key_of(name)[:16].upper(),
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accountId": ACCOUNT, "userName": name}
    if key:
        made["accessKeyId"] = key
    if from_console or mfa:
        made["sessionContext"] = {"attributes": {"mfaAuthenticated": "true" if mfa else "false"}}
    return made


def role(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def session(role_name, session_name, key):
    return {"type": "AssumedRole", "principalId": f"AROA{key_of(role_name)[:16]}:{session_name}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{session_name}",
            "accountId": ACCOUNT, "accessKeyId": key,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role(role_name),
                                                 "userName": role_name, "accountId": ACCOUNT},
                               "attributes": {"mfaAuthenticated": "false"}}}


def federated(subject, issuer="token.actions.githubusercontent.com"):
    return {"type": "WebIdentityUser", "principalId": f"{issuer}:sts.amazonaws.com:{subject}",
            "userName": subject, "identityProvider": issuer}


def saml(person):
    return {"type": "SAMLUser", "principalId": f"{key_of('idp')[:20]}:{person}",
            "userName": person, "identityProvider": key_of("idp")[:20]}


def cloudtrail(when, service, action, who, source, agent, request=None, answer=None, **more):
    record = {"eventVersion": "1.09", "userIdentity": who, "eventTime": plain(when),
              "eventSource": f"{service}.amazonaws.com", "eventName": action,
              "awsRegion": "eu-central-1", "sourceIPAddress": source, "userAgent": agent,
              "requestParameters": request, "responseElements": answer, "readOnly": False,
              "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT,
              **more}
    record["eventID"] = uuid_of(sorted(map(str, record.items())))
    return record


def issued(key, role_name=None, session_name=None, until=None):
    """Answer and request of a call that issues a session, as keyword arguments."""
    credentials = {"accessKeyId": key, "sessionToken": "…"}
    if until:
        credentials["expiration"] = until.strftime("%b %-d, %Y, %-I:%M:%S %p")
    made = {"answer": {"credentials": credentials}, "request": {}}
    if role_name:
        made["request"] = {"roleArn": role(role_name), "roleSessionName": session_name}
    return made


def console_login(when, who, source, mfa="Yes"):
    return cloudtrail(when, "signin", "ConsoleLogin", who, source, BROWSER,
                      answer={"ConsoleLogin": "Success"}, eventType="AwsConsoleSignIn",
                      additionalEventData={"MFAUsed": mfa, "MobileVersion": "No"})


# --- GitHub ---------------------------------------------------------------------------------------


def github(when, action, actor, repository="acme/web", **more):
    record = {"@timestamp": int(when.timestamp() * 1000), "action": action, "actor": actor,
              "org": "acme", "repo": repository, "operation_type": "modify", **more}
    record["_document_id"] = key_of(sorted(map(str, record.items())))[:22]
    return record


def workflow(when, verb, name, revision, actor="ann", **more):
    if verb == "completed_workflow_run":
        more = {"conclusion": "success", **more}
    return github(when, f"workflows.{verb}", actor, name=name, head_sha=key_of(revision)[:40],
                  head_branch="main", event="push", run_attempt=1,
                  workflow_run_id=int(key_of(name, revision)[:8], 16), **more)


# --- HashiCorp Vault ------------------------------------------------------------------------------


def vault(when, path, display_name, token, source, issued_at=None, operation="read", mount="kv"):
    auth = {"accessor": key_of("accessor", token), "display_name": display_name,
            "entity_id": uuid_of("entity", display_name), "token_type": "service",
            "policies": ["default"]}
    if issued_at:
        auth["token_issue_time"] = plain(issued_at)
        auth["token_ttl"] = 34560000
    return {"time": text(when), "type": "response", "auth": auth,
            "request": {"id": uuid_of("vault", when, path, display_name), "operation": operation,
                        "path": path, "mount_type": mount, "remote_address": source,
                        "namespace": {"id": "root"}, "client_token": "hmac-sha256:" + key_of(token),
                        "client_token_accessor": "hmac-sha256:" + key_of("accessor", token)},
            "response": {"mount_type": mount}}


# --- Kubernetes -----------------------------------------------------------------------------------


def kubernetes(when, account, pod, source, token, resource="configmaps", agent="web/v1.4.2"):
    space, name = account.split("/")
    return {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
            "auditID": uuid_of("k8s", when, account, pod, source), "stage": "ResponseComplete",
            "requestURI": f"/api/v1/namespaces/{space}/{resource}", "verb": "list",
            "user": {"username": f"system:serviceaccount:{space}:{name}",
                     "uid": uuid_of("account", account),
                     "groups": ["system:serviceaccounts", "system:authenticated"],
                     "extra": {"authentication.kubernetes.io/pod-name": [pod],
                               "authentication.kubernetes.io/pod-uid": [uuid_of("pod", pod)],
                               "authentication.kubernetes.io/credential-id":
                                   ["JTI=" + uuid_of("jti", token)]}},
            "sourceIPs": [source], "userAgent": agent,
            "objectRef": {"resource": resource, "namespace": space, "apiVersion": "v1"},
            "responseStatus": {"code": 200}, "requestReceivedTimestamp": text(when),
            "stageTimestamp": text(when),
            "annotations": {"authorization.k8s.io/decision": "allow"}}


# --- Okta -----------------------------------------------------------------------------------------


def okta(when, kind, actor, source, agent, target=None, session_id=None, **debug):
    person = {"id": "00u" + key_of(actor)[:17], "type": "User", "alternateId": actor,
              "displayName": actor.split("@")[0]}
    record = {"published": text(when), "eventType": kind, "version": "0", "severity": "INFO",
              "actor": person,
              "client": {"userAgent": {"rawUserAgent": agent}, "ipAddress": source},
              "outcome": {"result": "SUCCESS"}, "target": [],
              "authenticationContext": {"externalSessionId": session_id or "unknown"},
              "debugContext": {"debugData": debug}}
    if target:
        record["target"] = [{"id": "00u" + key_of(target)[:17], "type": "User",
                             "alternateId": target, "displayName": target.split("@")[0]}]
    record["uuid"] = uuid_of(sorted(map(str, record.items())))
    return record


# --- Google Workspace -----------------------------------------------------------------------------


def workspace_token(when, name, person, app, source="198.51.100.20", scopes=()):
    parameters = [{"name": "client_id", "value": app}, {"name": "app_name", "value": "Planner"}]
    if scopes:
        parameters.append({"name": "scope", "multiValue": list(scopes)})
    if name == "activity":
        parameters.append({"name": "method_name", "value": "calendar.events.list"})
    return {"kind": "admin#reports#activity",
            "id": {"time": text(when), "uniqueQualifier": key_of(when, name, person)[:18],
                   "applicationName": "token", "customerId": "C0acme"},
            "actor": {"callerType": "USER", "email": person, "profileId": key_of(person)[:21]},
            "ipAddress": source, "events": [{"type": "auth", "name": name,
                                             "parameters": parameters}]}


# --- Mandate's journal, and a resource's own log in OCSF ------------------------------------------


def journal(when, **entry):
    entry = {"type": "decided", "time": text(when), "authority": "proven",
             "by": "service:gateway", "resource_type": "tools", **entry}
    leaf = base64.urlsafe_b64encode(hashlib.sha256(str(entry).encode()).digest()).decode()
    return {"entry": entry, "index": int(key_of(leaf)[:6], 16), "leaf": leaf.rstrip("="),
            "log": "mandate.acme.example/log/journal/0000000001"}


def decided(when, actor, behalf, resource, action, identifier, token="t1", **more):
    own = {} if actor == behalf else {"actors": [actor]}
    return journal(when, **{"decision": "permit", "sub": behalf, "client_id": actor, **own,
                            "resource": resource, "action": action, "identifier": identifier,
                            "jti": token, "client_address": "192.0.2.10", **more})


def refused(*args, **more):
    return decided(*args, decision="deny", reason="outside_authority", **more)


def ocsf_call(when, actor, token, resource, action, target):
    return {"class_uid": 6003, "category_uid": 6, "activity_id": 99, "type_uid": 600399,
            "severity_id": 1, "status_id": 1, "time": int(when.timestamp() * 1000),
            "metadata": {"version": "1.3.0", "uid": uuid_of(when, token, action, target),
                         "product": {"name": "MCP gateway"}},
            "actor": {"user": {"name": actor, "type_id": 4}, "session": {"uid": token}},
            "api": {"operation": action, "service": {"name": resource}},
            "src_endpoint": {"ip": "192.0.2.10"}, "resources": [{"name": target}]}
