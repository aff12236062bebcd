//! Sockets that nginx's workers may not connect to, though this process may.

use super::{Cause, Named};
use crate::probe::result::{Probe, ShutOut};
use crate::rules::probe as causes;
use crate::text::shown;

/// Who is kept out by what, and the commands that let them in.
pub(super) fn shut_out(probe: &Probe) -> Option<Cause> {
    let ShutOut {
        path,
        folder,
        owner: (owner, group),
        mode,
        member,
        of_root,
        group: workers,
    } = probe.shut_out.as_deref()?;
    let (user, _) = probe.target.pool.user.as_ref()?;
    let path = path.display().to_string();
    let path = shown(&path);
    let what = if *folder { "the folder" } else { "the socket" };
    let bit = if *folder { "x" } else { "w" };
    let lacks_bit = mode & if *folder { 0o010 } else { 0o020 } == 0;
    let chmod = lacks_bit.then(|| format!("`chmod g+{bit} {path}`"));
    // Somebody of root's group may do more than connect to a socket.
    let enter = (!member).then(|| match of_root {
        true => format!("`chgrp {} {path}`", shown(workers)),
        false => format!("`usermod -aG {} {}`", shown(group), shown(user)),
    });
    let commands: Vec<String> = enter.into_iter().chain(chmod).collect();
    let cause = Cause::new(
        causes::ProbeSocketNginxUser::META,
        format!(
            "nginx's user `{}` may not connect to {}: {what} `{path}` is {mode:04o} {}:{}",
            shown(user),
            Named(probe),
            shown(owner),
            shown(group)
        ),
        "closed to nginx",
    );
    let commands = commands.join(" and ");
    Some(cause.help(match folder {
        true => format!("Run {commands}; in a unit, `RuntimeDirectoryMode=0755` makes it last"),
        false => format!(
            "Run {commands}; `gunicorn --umask 007` with `Group={}` in its unit makes it last",
            shown(workers)
        ),
    }))
}
