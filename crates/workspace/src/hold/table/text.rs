//! What texts hide, and the closure of trust.

use crate::hold::rule::{Check, Named, Rule, Text, at, crit, high};

const ALL: &[&str] = &["**"];

pub(super) const RULES: &[Rule] = &[
    high("H-TXT-01", "the code does not run in the order in which it is shown", "Trojan Source, CVE-2021-42574",
        &[at(&["**", "!**/*.{po,pot,xlf,strings}"], Check::Text(Text::Bidi))]),
    crit("H-TXT-02", "orders to a model, or a payload, in characters that nothing shows", "GlassWorm 2025-10; tag characters",
        &[at(ALL, Check::Text(Text::Tags))]),
    high("H-TXT-03", "names or orders in characters that nothing shows", "Rules File Backdoor 2025-03; TrapDoor 2026-05",
        &[at(&["**", "!**/*.{po,pot,xlf,strings}"], Check::Text(Text::Invisible))]),
    high("H-TXT-05", "code stands off the screen", "npm and eslint config payloads; GlassWorm",
        &[at(ALL, Check::Text(Text::OffScreen))]).only_changed(),
    high("H-TXT-06", "cat and git diff show something else, or write to the clipboard", "terminal escapes, OSC 52",
        &[at(&["**/*.{md,rst,txt,js,cjs,mjs,jsx,ts,tsx,py,rb,rs,go,java,kt,c,h,cc,cpp,hpp,cs,php,pl,lua,sh,bash,zsh,json,toml,yml,yaml,xml,html,css,ini,cfg,conf}", "**/{makefile,dockerfile,readme,license,changelog}*"], Check::Text(Text::TerminalEscapes))]).only_changed(),
    high("H-TXT-07", "a reader decodes it to something else than is shown", "PEP 263; CVE-2021-42574",
        &[at(ALL, Check::Text(Text::Encoding))]).only_changed(),
    high("H-TXT-08", "nobody can review it", "obfuscated and minified payloads",
        &[at(ALL, Check::Text(Text::Obfuscated))]).only_changed(),
    high("H-TXT-11", "data goes to another server, or a certificate is no longer checked", "chalk/debug 2025-09; web hooks",
        &[at(&["**/*.{js,cjs,mjs,ts,py,rb,go,rs,java,kt,php,cs,sh,json,yml,yaml,toml,html}", "!**/{test,tests,spec,__tests__,docs,doc,fixtures,testdata,examples}/**", "!**/*{.test,.spec,_test}.*"], Check::Lines(&[
            r"discord(app)?\.com/api/webhooks/|api\.telegram\.org/bot|hooks\.slack\.com/services/|webhook\.site/|\.ngrok(-free)?\.(io|app)|requestbin|pipedream\.net|burpcollaborator|oastify\.com|interact\.sh",
            r"verify\s*=\s*false\b|rejectunauthorized\s*:\s*false|node_tls_reject_unauthorized\s*[=:]\s*.?0|insecureskipverify\s*:\s*true|curlopt_ssl_verifypeer\s*[,=]>?\s*(false|0)|verify_mode\s*=\s*openssl::ssl::verify_none|danger_accept_invalid_certs\(true|_create_unverified_context"]))]).only_changed(),
    high("H-DOC-02", "a model reads it, the rendered page does not show it", "CopyPasta 2025-09; CamoLeak",
        &[at(&["**/*.{md,mdx,mdc,markdown,html,htm,rst,adoc}", "**/{license,readme,contributing,changelog}*"], Check::Text(Text::HiddenBlock))]),
    high("H-DOC-03", "it sends data when it is shown, or installs an extension or server when it is clicked", "CamoLeak; cursor:// and vscode: links",
        &[at(&["**/*.{md,mdx,markdown,html,htm,rst,adoc}"], Check::Lines(&[
            r"!?\[[^\]]*\]\(\s*<?https?://[^)\s]*[?&][\w-]+=(\{|\$\{|%7b|<)", r"[(<\x22'\s](javascript|vscode|vscode-insiders|cursor|kiro|windsurf|ms-[a-z]+|obsidian|claude-cli|command):(//|[a-z]*\?|mcp/|[a-z.]+\()"]))]),
    crit("H-AG-03", "an instruction file imports it: an agent obeys it as a part of that", "imports of AGENTS.md, CLAUDE.md and others",
        &[at(ALL, Check::Closure(Named::ByText))]).only_changed(),
    crit("H-CLO-01", "an entry that the host already trusts runs it", "MCPoison CVE-2025-54136; approve once, exploit for ever",
        &[at(ALL, Check::Closure(Named::ByCommand))]).only_changed(),
    crit("H-CLO-02", "the user's own settings name it: the host runs it, whatever the workspace says", "agents' hooks, core.hooksPath, systemd user units, PATH",
        &[at(ALL, Check::Closure(Named::ByUser))]).only_changed(),
];
