//! The one place that writes `error:`.

use std::error::Error;

use drybox_spec::{Kind, Report};
use serde::Serialize;

use super::{Format, say};

/// Tells an error on stderr.
pub(crate) fn error(report: &dyn Report, format: Format) {
    let text = match format {
        Format::Text => text(report),
        Format::Json => json(report),
    };
    say(&text);
}

/// What was attempted, why it failed, what mends it: a line each.
fn text(report: &dyn Report) -> String {
    let mut lines = format!("error: {report}\n");
    for cause in causes(report) {
        lines.push_str("  cause: ");
        lines.push_str(&cause);
        lines.push('\n');
    }
    if let Some(fix) = report.fix() {
        lines.push_str("  fix:   ");
        lines.push_str(&fix);
        lines.push('\n');
    }
    if report.kind() == Kind::Bug {
        lines.push_str("  this is a bug in drybox: please report it with the lines above\n");
    }
    lines
}

#[derive(Serialize)]
struct Told {
    error: Body,
}

#[derive(Serialize)]
struct Body {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    fix: Option<String>,
    exit_code: u8,
}

fn json(report: &dyn Report) -> String {
    let body = Body {
        kind: report.kind(),
        message: report.to_string(),
        causes: causes(report),
        fix: report.fix().map(std::borrow::Cow::into_owned),
        exit_code: report.exit_code(),
    };
    // Strings and numbers always are JSON; were it otherwise, the text form is still true.
    serde_json::to_string(&Told { error: body }).map_or_else(|_| text(report), |line| line + "\n")
}

/// The source chain, each link once: an error that passes its source through repeats it.
fn causes(report: &dyn Report) -> Vec<String> {
    let mut causes = Vec::new();
    let mut link: Option<&dyn Error> = report.source();
    while let Some(cause) = link {
        let text = cause.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        link = cause.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot start the sandbox: no network namespace could be made")]
    struct Outer(#[source] Inner, Kind);

    #[derive(Debug, thiserror::Error)]
    #[error("clone3(CLONE_NEWNET): ENOSPC")]
    struct Inner;

    impl Report for Outer {
        fn kind(&self) -> Kind {
            self.1
        }

        fn fix(&self) -> Option<Cow<'_, str>> {
            Some("sudo sysctl user.max_net_namespaces=1024".into())
        }
    }

    #[test]
    fn the_shape_is_error_cause_fix() {
        assert_eq!(
            text(&Outer(Inner, Kind::Host)),
            "error: cannot start the sandbox: no network namespace could be made\n  \
             cause: clone3(CLONE_NEWNET): ENOSPC\n  \
             fix:   sudo sysctl user.max_net_namespaces=1024\n"
        );
        assert!(text(&Outer(Inner, Kind::Bug)).ends_with("report it with the lines above\n"));
        assert_eq!(
            json(&Outer(Inner, Kind::Host)),
            "{\"error\":{\"kind\":\"host\",\"message\":\"cannot start the sandbox: no network \
             namespace could be made\",\"causes\":[\"clone3(CLONE_NEWNET): ENOSPC\"],\"fix\":\
             \"sudo sysctl user.max_net_namespaces=1024\",\"exit_code\":125}}\n"
        );
    }
}
