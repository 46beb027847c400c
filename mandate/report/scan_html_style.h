// The style sheet of the page of findings, and its hash as the page's policy names it
// (CSP Level 3, section 2.3.1): tests/outputs/html_test.py says what the hash has to be.
//
//   "<style>" + std::string(kScanStyle) + "</style>"
#pragma once

#include <string_view>

namespace mandate::report {

inline constexpr std::string_view kScanStyleHash =
    "sha256-3GFslCYq4cHU50bSNLYpTs0SmWfB9LlXwP4Zp6MkNdA=";

inline constexpr std::string_view kScanStyle = R"css(
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5b6675;
--line:#d9dee6;--accent:#2d5bd0;--code:#eef1f6;--critical:#a3123a;--high:#b84300;--medium:#7d5a00;
--low:#3d5f80}
@media (prefers-color-scheme:dark){:root{--ground:#12161d;--card:#1a202a;--ink:#e6eaf0;
--soft:#9aa6b6;--line:#2e3846;--accent:#8fb0ff;--code:#232b38;--critical:#ff7d9c;--high:#ffa06a;
--medium:#e6c15a;--low:#93bfe6}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:1160px;margin:0 auto;padding:20px 24px}
main{padding-top:0;padding-bottom:60px}
h1{font-size:28px;margin:8px 0 16px;letter-spacing:-.01em}
h2{font-size:20px;margin:32px 0 12px}
h3{font-size:16px;margin:0 0 4px}
p{margin:6px 0}
header p{color:var(--soft);font-size:14px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
code{background:var(--code);border-radius:4px;padding:1px 5px;overflow-wrap:anywhere}
pre{background:var(--code);border-radius:6px;padding:12px;max-height:420px;overflow:auto}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:8px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.tile b{display:block;font-size:26px;line-height:1.1}
.tile span{color:var(--soft);font-size:14px}
.tile.critical b{color:var(--critical)}.tile.high b{color:var(--high)}
.tile.medium b{color:var(--medium)}.tile.low b{color:var(--low)}
.chip{display:inline-block;border:1px solid currentColor;border-radius:999px;padding:0 9px;
font-size:12px;font-weight:600;text-transform:uppercase;letter-spacing:.04em;white-space:nowrap}
.chip.critical{color:var(--critical)}.chip.high{color:var(--high)}
.chip.medium{color:var(--medium)}.chip.low{color:var(--low)}
.incident{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:12px 0;
overflow:hidden}
.incident>summary{cursor:pointer;padding:14px 18px;display:flex;flex-wrap:wrap;gap:6px 12px;
align-items:center}
.incident[open]>summary{border-bottom:1px solid var(--line)}
.about{min-width:0}.when{color:var(--soft);font-size:14px}
.scroll{overflow-x:auto;padding:12px 18px;border-bottom:1px solid var(--line);
background:var(--ground)}
article{padding:16px 18px;border-top:1px solid var(--line)}
.incident>summary+article,.scroll+article{border-top:0}
.rule{color:var(--soft);font-size:13px}.rule code{background:none;padding:0}
dl{display:grid;grid-template-columns:110px minmax(0,1fr);gap:6px 14px;margin:10px 0 0;
font-size:15px}
dt{color:var(--soft)}dd{margin:0}
dd ul{margin:0;padding-left:18px}.how{color:var(--soft)}
.control{display:inline-block;border:1px solid var(--line);border-radius:6px;padding:0 8px;
margin:0 6px 4px 0;font-size:13px;color:var(--soft)}
details details summary{cursor:pointer;color:var(--accent)}
.frameworks{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:12px}
.framework{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
table{border-collapse:collapse;width:100%;font-size:14px}
td{padding:4px 8px 4px 0;vertical-align:top}
td:first-child{white-space:nowrap;font-weight:600}
td.count{text-align:right;font-variant-numeric:tabular-nums;padding-right:0}
.none{color:var(--soft)}.none td:first-child{font-weight:400}
.through text{fill:var(--ink);font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.through rect{fill:var(--card);stroke:var(--line)}
.through .first rect{stroke:var(--accent);stroke-width:2}
.edge{fill:none;stroke:var(--soft);stroke-width:1.2;opacity:.7}
@media (max-width:640px){header,main{padding-left:12px;padding-right:12px}
dl{grid-template-columns:1fr;gap:0}dt{margin-top:8px;font-size:13px}
.frameworks{grid-template-columns:1fr}.incident>summary,article{padding:12px}}
@media print{.incident{break-inside:avoid}}
)css";

}  // namespace mandate::report
