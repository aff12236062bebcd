//! The bits of `ngx_command_t.type`: where a directive may stand and what it takes.

/// A family of modules (`ngx_module_t.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Conf,
    Core,
    Event,
    Http,
    Mail,
    Stream,
    Rtmp,
}

impl Family {
    /// From the name of the macro.
    pub(super) fn from_macro(name: &str) -> Option<Self> {
        Some(match name {
            "NGX_CONF_MODULE" => Self::Conf,
            "NGX_CORE_MODULE" => Self::Core,
            "NGX_EVENT_MODULE" => Self::Event,
            "NGX_HTTP_MODULE" => Self::Http,
            "NGX_MAIL_MODULE" => Self::Mail,
            "NGX_STREAM_MODULE" => Self::Stream,
            "NGX_RTMP_MODULE" => Self::Rtmp,
            _ => return None,
        })
    }

    /// As the data spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Conf => "conf",
            Self::Core => "core",
            Self::Event => "event",
            Self::Http => "http",
            Self::Mail => "mail",
            Self::Stream => "stream",
            Self::Rtmp => "rtmp",
        }
    }

    /// The contexts that a module of this family knows, with nginx's bit of each.
    ///
    /// nginx compares the bits as numbers and only within one family, so that a
    /// stream module that writes `NGX_HTTP_MAIN_CONF` means `stream`.
    fn contexts(self) -> &'static [(i64, &'static str)] {
        match self {
            Self::Conf => &[],
            Self::Core => &[(0x0100_0000, "main")],
            Self::Event => &[(0x0200_0000, "events")],
            Self::Http => &[
                (0x0200_0000, "http"),
                (0x0400_0000, "server"),
                (0x0800_0000, "location"),
                (0x1000_0000, "upstream"),
                (0x2000_0000, "if-in-server"),
                (0x4000_0000, "if-in-location"),
                (0x8000_0000, "limit_except"),
            ],
            Self::Mail => &[(0x0200_0000, "mail"), (0x0400_0000, "mail-server")],
            Self::Stream => &[
                (0x0200_0000, "stream"),
                (0x0400_0000, "stream-server"),
                (0x0800_0000, "stream-upstream"),
            ],
            Self::Rtmp => &[
                (0x0200_0000, "rtmp"),
                (0x0400_0000, "rtmp-server"),
                (0x0800_0000, "rtmp-application"),
                (0x1000_0000, "rtmp-recorder"),
            ],
        }
    }

    /// The contexts that `flags` allow.
    pub(super) fn contexts_of(self, flags: i64) -> Vec<String> {
        if self == Self::Conf {
            return vec!["any".to_owned()];
        }
        self.contexts()
            .iter()
            .filter(|(bit, _)| flags & bit != 0)
            .map(|(_, name)| (*name).to_owned())
            .collect()
    }

    /// The context that a block opens when it sets `cmd_type` to the macro `name`.
    pub(super) fn context_opened_by(name: &str) -> Option<&'static str> {
        let (family, _) = [
            (Self::Http, "NGX_HTTP_"),
            (Self::Event, "NGX_EVENT_"),
            (Self::Stream, "NGX_STREAM_"),
            (Self::Mail, "NGX_MAIL_"),
            (Self::Rtmp, "NGX_RTMP_"),
        ]
        .into_iter()
        .find(|(_, prefix)| name.starts_with(prefix))?;
        let bit = value(name)?;
        family
            .contexts()
            .iter()
            .find(|(b, _)| *b == bit)
            .map(|(_, context)| *context)
    }
}

const NOARGS: i64 = 0x01;
const BLOCK: i64 = 0x0100;
const FLAG: i64 = 0x0200;
const ANY: i64 = 0x0400;
const MORE_THAN_0: i64 = 0x0800;
const MORE_THAN_1: i64 = 0x1000;

/// The macros as every release since 1.18 has them; [`check`] holds a tree to it.
const VALUES: &[(&str, i64)] = &[
    ("NGX_CONF_NOARGS", NOARGS),
    ("NGX_CONF_TAKE1", 0x02),
    ("NGX_CONF_TAKE2", 0x04),
    ("NGX_CONF_TAKE3", 0x08),
    ("NGX_CONF_TAKE4", 0x10),
    ("NGX_CONF_TAKE5", 0x20),
    ("NGX_CONF_TAKE6", 0x40),
    ("NGX_CONF_TAKE7", 0x80),
    ("NGX_CONF_TAKE12", 0x06),
    ("NGX_CONF_TAKE13", 0x0a),
    ("NGX_CONF_TAKE23", 0x0c),
    ("NGX_CONF_TAKE123", 0x0e),
    ("NGX_CONF_TAKE1234", 0x1e),
    ("NGX_CONF_BLOCK", BLOCK),
    ("NGX_CONF_FLAG", FLAG),
    ("NGX_CONF_ANY", ANY),
    ("NGX_CONF_1MORE", MORE_THAN_0),
    ("NGX_CONF_2MORE", MORE_THAN_1),
    ("NGX_DIRECT_CONF", 0x0001_0000),
    ("NGX_MAIN_CONF", 0x0100_0000),
    ("NGX_ANY_CONF", 0xff00_0000),
    ("NGX_EVENT_CONF", 0x0200_0000),
    ("NGX_HTTP_MAIN_CONF", 0x0200_0000),
    ("NGX_HTTP_SRV_CONF", 0x0400_0000),
    ("NGX_HTTP_LOC_CONF", 0x0800_0000),
    ("NGX_HTTP_UPS_CONF", 0x1000_0000),
    ("NGX_HTTP_SIF_CONF", 0x2000_0000),
    ("NGX_HTTP_LIF_CONF", 0x4000_0000),
    ("NGX_HTTP_LMT_CONF", 0x8000_0000),
    ("NGX_MAIL_MAIN_CONF", 0x0200_0000),
    ("NGX_MAIL_SRV_CONF", 0x0400_0000),
    ("NGX_STREAM_MAIN_CONF", 0x0200_0000),
    ("NGX_STREAM_SRV_CONF", 0x0400_0000),
    ("NGX_STREAM_UPS_CONF", 0x0800_0000),
    ("NGX_RTMP_MAIN_CONF", 0x0200_0000),
    ("NGX_RTMP_SRV_CONF", 0x0400_0000),
    ("NGX_RTMP_APP_CONF", 0x0800_0000),
    ("NGX_RTMP_REC_CONF", 0x1000_0000),
    ("NGX_HTTP_VAR_CHANGEABLE", 1),
    ("NGX_HTTP_VAR_NOCACHEABLE", 2),
    ("NGX_HTTP_VAR_INDEXED", 4),
    ("NGX_HTTP_VAR_NOHASH", 8),
    ("NGX_HTTP_VAR_WEAK", 16),
    ("NGX_HTTP_VAR_PREFIX", 32),
    ("NGX_STREAM_VAR_CHANGEABLE", 1),
    ("NGX_STREAM_VAR_NOCACHEABLE", 2),
    ("NGX_STREAM_VAR_INDEXED", 4),
    ("NGX_STREAM_VAR_NOHASH", 8),
    ("NGX_STREAM_VAR_WEAK", 16),
    ("NGX_STREAM_VAR_PREFIX", 32),
];

/// Macros of libraries that bounds are made of (`brotli/encode.h`).
const LIBRARIES: &[(&str, i64)] = &[
    ("BROTLI_MIN_QUALITY", 0),
    ("BROTLI_MAX_QUALITY", 11),
    // Of nginx before 0.7; pagespeed gives it this value itself.
    ("NGX_CONF_MULTI", 0),
];

/// The value of a macro that every tree has or can include.
pub(super) fn value(name: &str) -> Option<i64> {
    VALUES
        .iter()
        .chain(LIBRARIES)
        .find(|(n, _)| *n == name)
        .map(|(_, v)| *v)
}

/// Complains when a tree gives a macro another value than [`VALUES`].
pub(super) fn check(tree: &super::tree::Tree<'_>) -> anyhow::Result<()> {
    for (name, expected) in VALUES.iter().filter(|(n, _)| !n.contains("RTMP")) {
        let found = tree.constant(name)?;
        anyhow::ensure!(
            found == *expected,
            "`{name}` is {found:#x} here, not {expected:#x}: flags.rs must learn it"
        );
    }
    Ok(())
}

/// Whether a directive with these flags opens a block.
pub(super) fn is_block(flags: i64) -> bool {
    flags & BLOCK != 0
}

/// What a directive with these flags takes, in the words of the data and in the order
/// in which `ngx_conf_handler` looks.
pub(super) fn arguments(flags: i64) -> String {
    if flags & ANY != 0 {
        return "any".to_owned();
    }
    if flags & FLAG != 0 {
        return "flag".to_owned();
    }
    if flags & MORE_THAN_0 != 0 {
        return "1+".to_owned();
    }
    if flags & MORE_THAN_1 != 0 {
        return "2+".to_owned();
    }
    ranges((0..8u32).filter(|n| flags & (NOARGS << n) != 0))
}

/// Numbers as the data spells them: `1`, `1-3`, `1|3`.
pub(super) fn ranges(numbers: impl Iterator<Item = u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for n in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => runs.push((n, n)),
        }
    }
    runs.iter()
        .map(|&(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect::<Vec<_>>()
        .join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_in_the_order_of_nginx() {
        let of = |names: &[&str]| arguments(names.iter().map(|n| value(n).unwrap()).sum());
        assert_eq!(of(&["NGX_CONF_NOARGS", "NGX_CONF_TAKE13"]), "0-1|3");
        assert_eq!(of(&["NGX_CONF_TAKE1234"]), "1-4");
        assert_eq!(of(&["NGX_CONF_FLAG", "NGX_CONF_TAKE1"]), "flag");
        assert_eq!(of(&["NGX_CONF_1MORE", "NGX_CONF_NOARGS"]), "1+");
    }

    #[test]
    fn contexts_belong_to_the_family() {
        let flags = value("NGX_HTTP_MAIN_CONF").unwrap() | value("NGX_HTTP_SRV_CONF").unwrap();
        assert_eq!(Family::Http.contexts_of(flags), ["http", "server"]);
        assert_eq!(Family::Mail.contexts_of(flags), ["mail", "mail-server"]);
        assert_eq!(Family::Conf.contexts_of(0xff00_0000), ["any"]);
        assert_eq!(
            Family::context_opened_by("NGX_HTTP_LIF_CONF"),
            Some("if-in-location")
        );
    }
}
