#!/bin/sh
# Installs the Debian packages that the tests need, if this is Debian and we are root.
# Nothing that is installed may start a service.
set -eu
list=$(sed 's/#.*//' "$(dirname "$0")/../tests/peers/packages.txt" | awk 'NF {print $1}')
command -v dpkg-query >/dev/null 2>&1 || exit 0
missing=
for p in $list; do
	dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
done
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev" # for go test -race
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "not root: tests that need these packages will be skipped:$missing" >&2
	exit 0
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' > $policy
	chmod +x $policy
	trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
