//! Causes before an answer: names, connections, sockets.

use crate::rules::meta::declare_rule;

declare_rule! {
    /// ## What it reports
    ///
    /// The name of a node that has no address on this machine.
    ///
    /// ## Why it matters
    ///
    /// nginx looks names up once, when it starts, and refuses to start when one is unknown. A
    /// name of a container network is known inside of that network only, so what fails here may
    /// work there, and the reverse.
    ///
    /// ## What to do
    ///
    /// Correct the name, or run `djanginx probe` where nginx runs (`docker compose exec nginx
    /// …`).
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server>
    pub struct ProbeDns {
        id: "probe-dns",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that refuses connections: nothing listens on its port.
    ///
    /// ## Why it matters
    ///
    /// nginx answers 502 for it, or goes to the next node.
    ///
    /// ## What to do
    ///
    /// Start the service. In a container it must listen on all addresses: `gunicorn --bind
    /// 0.0.0.0:8000`; on `127.0.0.1` only the container itself reaches it.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/settings.html#bind>
    pub struct ProbeRefused {
        id: "probe-refused",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that lets attempts to connect go unanswered.
    ///
    /// ## Why it matters
    ///
    /// Each request that nginx sends there waits for `proxy_connect_timeout`. A firewall that
    /// drops packets, a wrong address or a full queue of connections look like this.
    ///
    /// ## What to do
    ///
    /// Check the address and the rules of firewalls and security groups between nginx and the
    /// node. If the node is up, it is overloaded: raise its number of workers and `gunicorn
    /// --backlog`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_connect_timeout>
    pub struct ProbeConnectTimeout {
        id: "probe-connect-timeout",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node to which this machine has no way: no route, or the network says that the host is
    /// unreachable.
    ///
    /// ## Why it matters
    ///
    /// nginx on this machine cannot reach it either.
    ///
    /// ## What to do
    ///
    /// Check the address, the routes and the interface (`ip route get ADDRESS`).
    pub struct ProbeUnreachable {
        id: "probe-unreachable",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node whose address is link-local or that of a cloud's metadata service; it is not asked.
    ///
    /// ## Why it matters
    ///
    /// A name that leads to `169.254.169.254` is a mistake, or an attempt to make this machine
    /// read its own credentials.
    ///
    /// ## What to do
    ///
    /// Correct the address. If it is meant, allow it with `--allow-link-local`.
    ///
    /// ## References
    ///
    /// - <https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html>
    pub struct ProbeAddressRefused {
        id: "probe-address-refused",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A unix socket that is not there.
    ///
    /// ## Why it matters
    ///
    /// The service that makes it does not run, or makes it elsewhere. With `PrivateTmp` of
    /// systemd a socket in `/tmp` is seen by its own service only.
    ///
    /// ## What to do
    ///
    /// Start the service; make the socket in a folder of its own with `RuntimeDirectory=` or a
    /// systemd `.socket` unit, not in `/tmp`.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/deploy.html#systemd>
    pub struct ProbeSocketMissing {
        id: "probe-socket-missing",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A path of a unix socket where something else is, such as a file or a folder.
    ///
    /// ## Why it matters
    ///
    /// nginx cannot connect to it and answers 502.
    ///
    /// ## What to do
    ///
    /// Write the path of the socket itself, or remove what is in its way.
    pub struct ProbeNotASocket {
        id: "probe-not-a-socket",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A unix socket to which nobody listens.
    ///
    /// ## Why it matters
    ///
    /// The file outlives a process that crashed or was killed. nginx answers 502.
    ///
    /// ## What to do
    ///
    /// Start the service; it replaces the socket.
    pub struct ProbeSocketStale {
        id: "probe-socket-stale",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A unix socket to which this user may not connect.
    ///
    /// ## Why it matters
    ///
    /// nginx's workers need `x` on every folder of the path and `rw` on the socket. djanginx has
    /// asked as its own user, who may not be nginx's.
    ///
    /// ## What to do
    ///
    /// Give nginx's group the socket: `gunicorn --umask 007` with `Group=www-data`, or
    /// `SocketGroup=www-data` in the `.socket` unit; and ask as nginx's user: `sudo -u www-data
    /// djanginx probe …`.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/settings.html#umask>
    pub struct ProbeSocketPermission {
        id: "probe-socket-permission",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A unix socket whose path is longer than the 107 bytes that the system takes.
    ///
    /// ## Why it matters
    ///
    /// nginx cannot connect to it.
    ///
    /// ## What to do
    ///
    /// Use a shorter path, such as `/run/app.sock`.
    ///
    /// ## References
    ///
    /// - <https://man7.org/linux/man-pages/man7/unix.7.html>
    pub struct ProbeSocketPathTooLong {
        id: "probe-socket-path-too-long",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A unix socket whose queue of connections is full.
    ///
    /// ## Why it matters
    ///
    /// nginx gets `11: Resource temporarily unavailable` at once, without waiting, and answers
    /// 502. The workers are too few or stuck.
    ///
    /// ## What to do
    ///
    /// Raise the number of workers; then the queue: `gunicorn --backlog` and
    /// `net.core.somaxconn`.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/settings.html#backlog>
    pub struct ProbeSocketBusy {
        id: "probe-socket-busy",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that accepts the connection and then says nothing.
    ///
    /// ## Why it matters
    ///
    /// All workers are busy or stuck, or the node speaks another protocol and waits for more:
    /// gunicorn and daphne wait for ever when they are spoken to in uwsgi's protocol.
    ///
    /// ## What to do
    ///
    /// Look at the load and the log of the node, and check that its protocol is the pool's.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/design.html#how-many-workers>
    pub struct ProbeNoAnswer {
        id: "probe-no-answer",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that accepts the connection and closes it without a byte.
    ///
    /// ## Why it matters
    ///
    /// nginx says `upstream prematurely closed connection` and answers 502. A worker has died, or
    /// the node speaks another protocol: uWSGI closes when HTTP comes to its `socket` and logs
    /// `invalid request block size`.
    ///
    /// ## What to do
    ///
    /// Read the log of the node. For uWSGI write `server: uwsgi` in the topology, or
    /// `http-socket` in uWSGI's settings.
    ///
    /// ## References
    ///
    /// - <https://uwsgi-docs.readthedocs.io/en/latest/Nginx.html>
    pub struct ProbeClosedWithoutReply {
        id: "probe-closed-without-reply",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that resets the connection while it is asked.
    ///
    /// ## Why it matters
    ///
    /// A worker was killed, by its own time limit or for want of memory, or something between
    /// cuts connections.
    ///
    /// ## What to do
    ///
    /// Read the log of the node and of the kernel (`dmesg`): look for `WORKER TIMEOUT` and for
    /// the OOM killer.
    ///
    /// ## References
    ///
    /// - <https://docs.gunicorn.org/en/stable/settings.html#timeout>
    pub struct ProbeReset {
        id: "probe-reset",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that closes the connection in the middle of its answer.
    ///
    /// ## Why it matters
    ///
    /// Browsers get a broken page. A worker was killed, or the application failed while it was
    /// writing.
    ///
    /// ## What to do
    ///
    /// Read the log of the node.
    pub struct ProbeTruncated {
        id: "probe-truncated",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that begins its answer and does not end it in time.
    ///
    /// ## Why it matters
    ///
    /// nginx waits for `proxy_read_timeout` between two reads, and a worker is taken for so long.
    ///
    /// ## What to do
    ///
    /// Find what the view waits for; ask another path with `--path` if this one streams.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout>
    pub struct ProbeStalled {
        id: "probe-stalled",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that could not be asked, or not to the end, because the run had to end.
    ///
    /// ## Why it matters
    ///
    /// Nothing is known of it.
    ///
    /// ## What to do
    ///
    /// Raise `--deadline` or `--concurrency`.
    pub struct ProbeDeadline {
        id: "probe-deadline",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A question that failed in a way that has no page of its own.
    ///
    /// ## Why it matters
    ///
    /// nginx may fail in the same way.
    ///
    /// ## What to do
    ///
    /// Read the message; ask again with the command that is shown.
    pub struct ProbeFailed {
        id: "probe-failed",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A unix socket to which the user of nginx's workers (`user`) may not connect, though
    /// djanginx, as another user, may.
    ///
    /// ## Why it matters
    ///
    /// nginx answers 502, and its log says `connect() to unix:… failed (13: Permission
    /// denied)`. The workers need `x` on every folder of the path and `w` on the socket.
    /// Users and groups are those of `/etc/passwd` and `/etc/group`; where an access control
    /// list or a security module has a say, nothing is reported.
    ///
    /// ## What to do
    ///
    /// Give nginx's group the socket: `Group=www-data` and `gunicorn --umask 007`, or
    /// `SocketGroup=www-data` in the `.socket` unit; and `x` on its folders with
    /// `RuntimeDirectoryMode=0755`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/ngx_core_module.html#user>
    /// - <https://docs.gunicorn.org/en/stable/settings.html#umask>
    pub struct ProbeSocketNginxUser {
        id: "probe-socket-nginx-user",
        group: Probe,
        severity: Error,
    }
}
