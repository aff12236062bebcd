# Installs the packages given as arguments without letting them start a daemon, now or at
# the next boot: the tests run their own servers on ports of their own.
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get -o DPkg::Lock::Timeout=300 -q update
apt-get -o DPkg::Lock::Timeout=300 -q -y install --no-install-recommends "$@"
if [ -d /run/systemd/system ]; then
    for package in "$@"; do
        case $package in
        nginx | redis-server | postgresql) systemctl disable "$package" ;;
        esac
    done
fi
