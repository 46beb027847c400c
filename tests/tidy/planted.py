#!/usr/bin/env python3
"""Each rule of tools/tidy finds its planted violation and permits the twin beside it.

    tests/tidy/planted.py RULE      runs the rows of one rule, each in a small tree of its own

A row is (name, files that break the rule, the finding expected as PATH:LINE, files of the twin that
differ in one thing and break nothing); both are laid over CLEAN.
"""

import pathlib
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
HEADER = "// A header.\n#pragma once\n"

CLEAN = {
    "CMakeLists.txt": "mandate_room(base)\nmandate_room(json USES base LIBRARIES yaml-cpp)\n",
    "tools/effects_allowed.txt": "# none\n",
    "mandate/base/result.h": HEADER + "#include <string>\n",
    "mandate/json/value.h": HEADER + '#include "mandate/base/result.h"\n',
    "mandate/json/value.cc": '#include "mandate/json/value.h"\n',
}


def source(body, path="mandate/base/some.cc"):
    return {path: body}


def lines(count, text="int x;\n"):
    return text * count


def function(body_lines, head="void f() {\n"):
    return head + lines(body_lines, "  g();\n") + "}\n"


def units(count, header):
    return {f"tests/{'laws' if 'rapid' in header else 'http'}/unit_{i}.cc": f"#include <{header}>\n"
            for i in range(count)}


def switch(labels):
    return source("int f(E e) {\n  switch (e) {\n" + "".join(f"    {label}\n" for label in labels)
                  + "  }\n}\n")


def effect(code):
    return source(f"void f() {{\n  {code};\n}}\n")


# The words are split where they stand for what they name, so that the tree itself passes.
ROWS = {
    "room_includes": [
        ("a room outside the row",
         source('#include "mandate/json/value.h"\n'), "mandate/base/some.cc:1",
         source('#include "mandate/base/result.h"\n')),
        ("a room outside the row, through a header",
         {"mandate/base/some.h": HEADER + '#include "mandate/json/value.h"\n'},
         "mandate/base/some.h:3",
         {"mandate/json/some.h": HEADER + '#include "mandate/json/value.h"\n'}),
        ("testing code in the product",
         source('#include "testing/fake.h"\n') | {"testing/fake.h": HEADER},
         "mandate/base/some.cc:1",
         source('#include "testing/fake.h"\n', "tests/base/some.cc") | {"testing/fake.h": HEADER}),
        ("a part of a room, where only another part is listed",
         source('#include "mandate/http/server/a.h"\n', "mandate/verifier/some.cc")
         | {"mandate/http/server/a.h": HEADER}, "mandate/verifier/some.cc:1",
         source('#include "mandate/http/client/a.h"\n', "mandate/verifier/some.cc")
         | {"mandate/http/client/a.h": HEADER}),
        ("a path that is not from the root",
         source('#include "result.h"\n'), "mandate/base/some.cc:1",
         source('#include "mandate/base/result.h"\n')),
        ("angle brackets around a header of ours",
         source("#include <mandate/base/result.h>\n"), "mandate/base/some.cc:1",
         source('#include "mandate/base/result.h"\n')),
        ("a folder without a row",
         source("", "mandate/cellar/some.cc"), "mandate/cellar/some.cc:1",
         source("", "mandate/graph/some.cc")),
    ],
    "library_includes": [
        ("simdjson outside json", source("#include <simdjson.h>\n"), "mandate/base/some.cc:1",
         source("#include <simdjson.h>\n", "mandate/json/some.cc")),
        ("OpenSSL in http, but not in http/tls",
         source("#include <openssl/ssl.h>\n", "mandate/http/server/some.cc"),
         "mandate/http/server/some.cc:1",
         source("#include <openssl/ssl.h>\n", "mandate/http/tls/some.cc")),
        ("SQLite outside store", source("#include <sqlite3.h>\n", "mandate/record/some.cc"),
         "mandate/record/some.cc:1", source("#include <sqlite3.h>\n", "mandate/store/some.cc")),
        ("POSIX in a pure room", source("\n#include <unistd.h>\n", "mandate/decision/some.cc"),
         "mandate/decision/some.cc:2", source("\n#include <unistd.h>\n", "mandate/store/some.cc")),
        ("RapidCheck outside the laws", source("#include <rapidcheck.h>\n", "tests/json/some.cc"),
         "tests/json/some.cc:1", source("#include <rapidcheck.h>\n", "tests/laws/some.cc")),
        ("a library that nobody listed", source("#include <curl/curl.h>\n"),
         "mandate/base/some.cc:1", source("#include <chrono>\n")),
    ],
    "rooms_in_cmake": [
        ("a row that lacks a room",
         {"CMakeLists.txt": "mandate_room(base)\nmandate_room(json)\n"}, "CMakeLists.txt:2",
         {"CMakeLists.txt": "mandate_room(base)\nmandate_room(json USES base)\n"}),
        ("a row with a room too many",
         {"CMakeLists.txt": "mandate_room(base USES json)\nmandate_room(json USES base)\n"},
         "CMakeLists.txt:1",
         {"CMakeLists.txt": "mandate_room(base)\nmandate_room(json USES base)\n"}),
        ("a library that the room may not know",
         {"CMakeLists.txt": "mandate_room(base LIBRARIES yaml-cpp)\n"}, "CMakeLists.txt:1",
         {"CMakeLists.txt": "mandate_room(base LIBRARIES PkgConfig::UTF8PROC)\n"}),
        ("a room without a row",
         {"CMakeLists.txt": "mandate_room(cellar)\n"}, "CMakeLists.txt:1",
         {"CMakeLists.txt": "mandate_room(graph)\n"}),
    ],
    "heavy_headers": [
        ("a stream in a header", {"mandate/base/some.h": HEADER + "#include <iostream>\n"},
         "mandate/base/some.h:3", source("#include <iostream>\n")),
        ("Beast in a header",
         {"mandate/http/some.h": HEADER + "#include <boost/beast/core.hpp>\n"},
         "mandate/http/some.h:3",
         source("#include <boost/beast/core.hpp>\n", "mandate/http/some.cc")),
        ("RapidCheck in a header", {"tests/laws/some.h": HEADER + "#include <rapidcheck.h>\n"},
         "tests/laws/some.h:3", source("#include <rapidcheck.h>\n", "tests/laws/some.cc")),
    ],
    "translation_units": [
        ("a fifth unit with Beast", units(5, "boost/beast/http.hpp"), "tests/http/unit_4.cc:1",
         units(4, "boost/beast/http.hpp")),
        ("a seventh unit with RapidCheck", units(7, "rapidcheck.h"), "tests/laws/unit_6.cc:1",
         units(6, "rapidcheck.h")),
        ("a fifth unit, through a header of ours",
         units(4, "boost/beast.hpp") | {"tests/http/a.h": HEADER + "#include <boost/beast.hpp>\n"}
         | source('#include "tests/http/a.h"\n', "tests/http/z.cc"), "tests/http/z.cc:1",
         units(4, "boost/beast.hpp") | {"tests/http/a.h": HEADER}
         | source('#include "tests/http/a.h"\n', "tests/http/z.cc")),
    ],
    "hidden_effects": [
        (f"{name}: {bad}", effect(bad), "mandate/base/some.cc:2", effect(good))
        for name, bad, good in [
            ("clock", "auto t = std::chrono::system_clock::now()", "auto t = clock.now()"),
            ("clock", "auto t = std::chrono::steady_clock::now()", "Deadline::now()"),
            ("clock", "auto t = time(nullptr)", "auto t = token.time(nullptr_of)"),
            ("clock", "clock_gettime(CLOCK_REALTIME, &t)", "my_clock_gettime(t)"),
            ("sleep", "std::this_thread::sleep_for(1s)", "timer.wait(1s)"),
            ("sleep", "usleep(1)", "port.usleep(1)"),
            ("randomness", "std::random_device d", "random.bytes(16)"),
            ("randomness", "int i = rand()", "int i = operand()"),
            ("environment", 'std::getenv("HOME")', 'options.getenv("HOME")'),
            ("environment", 'setenv("A", "b", 1)', 'text("setenv(a)")'),
            ("output", 'std::cout << "x"', 'out << "std::cout"'),
            ("output", 'printf("x")', 'snprintf(b, 1, "x")'),
            ("output", 'std::fputs("x", stderr)', "log.write(stderr_)"),
            ("file", 'std::ifstream in("x")', "std::istringstream in"),
            ("file", "int fd = ::open(path, 0)", "auto note = open(text)"),
            ("file", "std::filesystem::remove(path)", "files.remove(path)"),
        ]
    ] + [
        ("an effect in a file that the list does not name",
         effect("std::getenv(a)") | {"tools/effects_allowed.txt": "environment apps/ its job\n"}
         | source("auto a = std::getenv(b);\n", "apps/mandate/main.cc"),
         "mandate/base/some.cc:2",
         effect("std::getenv(a)")
         | {"tools/effects_allowed.txt": "environment mandate/base/some.cc its job\n"}),
        ("a line of the list that allows nothing",
         {"tools/effects_allowed.txt": "# list\nclock mandate/base/ its job\n"},
         "tools/effects_allowed.txt:2",
         {"tools/effects_allowed.txt": "# list\nclock mandate/base/ its job\n"}
         | effect("std::chrono::system_clock::now()")),
    ],
    "file_length": [
        ("501 lines", source(lines(501)), "mandate/base/some.cc:501", source(lines(500))),
        ("501 lines of a script", {"tools/some": "#!/bin/sh\n" + lines(500, "true\n")},
         "tools/some:501", {"tools/some": "#!/bin/sh\n" + lines(499, "true\n")}),
    ],
    "line_length": [
        ("101 columns", source("// " + "x" * 98 + "\n"), "mandate/base/some.cc:1",
         source("// " + "x" * 97 + "\n")),
    ],
    "function_length": [
        ("71 lines", source("int x;\n" + function(69)), "mandate/base/some.cc:2",
         source("int x;\n" + function(68))),
        ("71 lines of a method",
         source("struct S {\n" + function(69, "int f(A a) const {\n") + "};\n"),
         "mandate/base/some.cc:2",
         source("struct S {\n" + function(68, "int f(A a) const {\n") + "};\n")),
        ("71 lines after initialisers",
         source(function(69, "S::S(A a) : a_(a), b_{a} {\n")), "mandate/base/some.cc:1",
         source(function(68, "S::S(A a) : a_(a), b_{a} {\n"))),
        ("71 lines in a namespace, with a lambda and a loop",
         source("namespace n {\nvoid f() {\n  auto g = [] {\n" + lines(66, "    h();\n")
                + "  };\n  for (;;) { h(); }\n}\n}\n"), "mandate/base/some.cc:2",
         source("namespace n {\nvoid f() {\n  auto g = [] {\n" + lines(65, "    h();\n")
                + "  };\n  for (;;) { h(); }\n}\n}\n")),
        ("71 statements of a test, where rows would not count",
         source(function(69, "TEST(A, B) {\n"), "tests/base/some.cc"), "tests/base/some.cc:1",
         source("TEST(A, B) {\n" + lines(90, '  check("a", 1);\n') + "}\n",
                "tests/base/some.cc")),
    ],
    "header_prologue": [
        ("no purpose", {"mandate/base/some.h": "#pragma once\n"}, "mandate/base/some.h:1",
         {"mandate/base/some.h": HEADER}),
        ("no #pragma once", {"mandate/base/some.h": "// A header.\nint f();\n"},
         "mandate/base/some.h:1", {"mandate/base/some.h": HEADER + "int f();\n"}),
    ],
    "own_header_first": [
        ("another header first",
         {"mandate/json/value.cc": '#include <string>\n#include "mandate/json/value.h"\n'},
         "mandate/json/value.cc:1",
         {"mandate/json/value.cc": '#include "mandate/json/value.h"\n#include <string>\n'}),
    ],
    "default_labels": [
        ("our enum", switch(["case Reason::kA: return 1;", "default: return 2;"]),
         "mandate/base/some.cc:4", switch(["case Reason::kA: return 1;"])),
        ("our enum after `using enum`",
         switch(["case kA:", "case kB: return 1;", "default: break;"]),
         "mandate/base/some.cc:5",
         switch(["case 'k':", "case 2: return 1;", "default: break;"])),
        ("a foreign switch inside ours",
         switch(["case E::kA: switch (n) { case 1: break; }", "default: break;"]),
         "mandate/base/some.cc:4",
         switch(["case E::kA: switch (n) { case 1: break; default: break; }"])),
    ],
    "markers": [
        ("left for later", source("// TO" "DO: more\n"), "mandate/base/some.cc:1",
         source("// The AuthZEN todo application\n")),
        ("left broken, in a document", {"docs/a.md": "a\nFIX" "ME\n"}, "docs/a.md:2",
         {"docs/a.md": "a\nfixed\n"}),
        ("left open", source("// XX" "X\n"), "mandate/base/some.cc:1",
         source("// mktemp XXXX" "XX\n")),
        ("silenced without a reason", source("int x;  // NO" "LINT(some-check)\n"),
         "mandate/base/some.cc:1", source("int x;  // NO" "LINT(some-check): C's own type\n")),
        ("silenced without a name", source("// NO" "LINTNEXTLINE: because\n"),
         "mandate/base/some.cc:1",
         source("// NO" "LINTNEXTLINE(a-b, c.d): because\n")),
    ],
    "machine_paths": [
        ("a developer's folder", {"docs/a.md": "see /ho" "me/ann/x\n"}, "docs/a.md:1",
         {"docs/a.md": "see https://a.example/ho" "me/ann/x\n"}),
        ("a build machine's folder", {"tools/a": "cd /wo" "rk/x\n"}, "tools/a:1",
         {"tools/a": "cd ./wo" "rk/x\n"}),
        ("a registry", {"a.lock": "https://registry.npm" "js.org/x\n"}, "a.lock:1",
         {"a.lock": "https://registry.example/x\n"}),
        ("a mirror", {"a.sh": "debootstrap bookworm http://deb.deb" "ian.org/debian\n"}, "a.sh:1",
         {"a.sh": "debootstrap bookworm \"$mirror\"\n"}),
    ],
}


def findings(files, rule):
    with tempfile.TemporaryDirectory() as folder:
        rooms = (REPOSITORY / "tools/rooms.json").read_text()
        for path, text in (CLEAN | {"tools/rooms.json": rooms} | files).items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        done = subprocess.run(
            [sys.executable, REPOSITORY / "tools/tidy", "--root", folder, "--rule", rule],
            capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    found = done.stdout.splitlines()
    assert (done.returncode == 1) == bool(found), "the exit code and the findings disagree"
    return found


def main():
    rule = sys.argv[1]
    if not ROWS.get(rule):
        sys.exit(f"no planted violation for rule {rule}; expected rows in tests/tidy/planted.py")
    failed = 0
    for name, bad, expected, twin in ROWS[rule]:
        found, permitted = findings(bad, rule), findings(twin, rule)
        good = (len(found) == 1 and found[0].startswith(f"{expected}: [{rule}] ") and not permitted)
        failed += not good
        print("ok    " if good else "FAILED", f"{rule}: {name}")
        if not good:
            print(f"  expected one finding at {expected}, got {found}; twin: {permitted}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
