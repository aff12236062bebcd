//! Whether nginx's workers may connect to a socket: this process is somebody else.
//!
//! Judged as the kernel does it (path_resolution(7), unix(7)): `x` on every folder of the
//! path, `w` on the socket. Where an access control list has a say, nothing is said.

use super::result::ShutOut;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Who nginx's workers are.
#[derive(Debug)]
pub(super) struct Workers {
    users: String,
    groups: String,
    uid: u32,
    gids: Vec<u32>,
}

impl Workers {
    /// The workers of `user USER [GROUP]`; `None` where this machine does not know them, or
    /// they may do everything.
    pub(super) fn new(user: &str, group: Option<&str>) -> Option<Self> {
        let users = fs::read_to_string("/etc/passwd").ok()?;
        let groups = fs::read_to_string("/etc/group").ok()?;
        Self::of(users, groups, user, group)
    }

    fn of(users: String, groups: String, user: &str, group: Option<&str>) -> Option<Self> {
        let entry = entries(&users).find(|entry| entry.first() == Some(&user))?;
        let uid = entry.get(2)?.parse().ok().filter(|uid| *uid != 0)?;
        // `ngx_set_user`: without a group, the one of the user's name.
        let group = group.unwrap_or(user);
        let group = entries(&groups).find(|entry| entry.first() == Some(&group))?;
        let mut gids = vec![group.get(2)?.parse().ok()?];
        // `initgroups`
        for entry in entries(&groups) {
            let members = entry.get(3).copied().unwrap_or_default();
            if members.split(',').any(|member| member == user) {
                gids.extend(entry.get(2).and_then(|gid| gid.parse::<u32>().ok()));
            }
        }
        Some(Self {
            users,
            groups,
            uid,
            gids,
        })
    }

    /// What keeps them from a socket.
    pub(super) fn shut_out(&self, socket: &Path) -> Option<ShutOut> {
        let socket = fs::canonicalize(socket).ok()?;
        let mut way: Vec<&Path> = socket.ancestors().collect();
        way.reverse();
        for path in way {
            let metadata = fs::metadata(path).ok()?;
            let folder = path != socket;
            let bit = if folder { 0o1 } else { 0o2 };
            if self.may(&metadata, bit)? {
                continue;
            }
            if has_list(path) {
                return None;
            }
            return Some(ShutOut {
                path: path.to_owned(),
                folder,
                owner: (
                    name(&self.users, metadata.uid()),
                    name(&self.groups, metadata.gid()),
                ),
                mode: metadata.mode() & 0o7777,
                member: self.gids.contains(&metadata.gid()),
                of_root: metadata.gid() == 0,
                group: name(&self.groups, self.gids[0]),
            });
        }
        None
    }

    /// Whether one of the three kinds of permission lets them; `None` for what is their own,
    /// which they can open themselves.
    fn may(&self, metadata: &Metadata, bit: u32) -> Option<bool> {
        let mode = metadata.mode();
        if metadata.uid() == self.uid {
            (mode & (bit << 6) != 0).then_some(true)
        } else if self.gids.contains(&metadata.gid()) {
            Some(mode & (bit << 3) != 0)
        } else {
            Some(mode & bit != 0)
        }
    }
}

/// Lines of `/etc/passwd` or `/etc/group`.
fn entries(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

/// The name of a number, or the number.
fn name(text: &str, id: u32) -> String {
    let number = id.to_string();
    let entry = entries(text).find(|entry| entry.get(2) == Some(&number.as_str()));
    entry.map_or(number.clone(), |entry| entry[0].to_owned())
}

/// Whether there is an access control list (acl(5)).
fn has_list(path: &Path) -> bool {
    let mut list: [u8; 0] = [];
    rustix::fs::getxattr(path, "system.posix_acl_access", &mut list).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\nnginx:x:101:102::/:/bin/false\n";
    const GROUPS: &str = "root:x:0:\nnginx:x:102:\napp:x:200:other,nginx\nweb:x:300:\n";

    fn of(user: &str, group: Option<&str>) -> Option<Vec<u32>> {
        let workers = Workers::of(USERS.to_owned(), GROUPS.to_owned(), user, group);
        workers.map(|workers| workers.gids)
    }

    #[test]
    fn workers_have_the_groups_that_nginx_gives_them() {
        assert_eq!(of("nginx", None), Some(vec![102, 200]));
        assert_eq!(of("nginx", Some("web")), Some(vec![300, 200]));
        assert_eq!(of("root", None), None);
        assert_eq!(of("nobody", None), None);
        assert_eq!(of("nginx", Some("nobody")), None);
    }
}
