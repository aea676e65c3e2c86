#!/bin/sh
# Install the Debian packages that make needs: rabbitmq-server and Python's venv module; with the
# word "test" also what only the tests talk to (xmlsec1, SoftHSM, a JDK, systemd's checkers,
# mdbtools, PostgreSQL, MariaDB, a C compiler), with "bench" also what the peers of the bench need
# (Node with npm, RabbitMQ's Java client, libeatmydata).
# Silent if nothing is missing; safe when two run at once. Needs root or `sudo -n` to install.
# No service of the machine is started, stopped or changed.
set -eu

LOCK=/run/connector-install.lock
POLICY=/usr/sbin/policy-rc.d
MARK='written by install-system.sh of connector'
UNAVAILABLE=69
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

purpose=${1:-demo}

say() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

has_rabbitmq() {
    has epmd || return 1
    for script in /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server \
        /opt/rabbitmq/sbin/rabbitmq-server; do
        [ -e "$script" ] && return 0
    done
    return 1
}

has_postgresql() {
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -e "$program" ] && return 0
    done
    has initdb
}

has_eatmydata() {
    for library in /usr/lib/*/libeatmydata.so /usr/lib/libeatmydata.so; do
        [ -e "$library" ] && return 0
    done
    return 1
}

has_java_client() {
    for library in /usr/share/java/*amqp-client*.jar /usr/share/java/*rabbitmq-client*.jar; do
        [ -e "$library" ] && return 0
    done
    return 1
}

# Another broker may stand in for the private nodes.
other_broker() {
    [ -n "${CONNECTOR_BROKER_URL:-}" ] && [ -n "${CONNECTOR_BROKER_MANAGEMENT_URL:-}" ]
}

missing() {
    words=''
    has_rabbitmq || other_broker || words="$words rabbitmq-server"
    if [ "$purpose" != demo ]; then
        has xmlsec1 || words="$words xmlsec1"
        has softhsm2-util || words="$words softhsm2"
        has javac || words="$words default-jdk-headless"
        has systemd-analyze || words="$words systemd"
        has mdb-export || words="$words mdbtools"
        has_postgresql || words="$words postgresql"
        has mariadbd || words="$words mariadb-server"
        has gcc || words="$words gcc libc6-dev"
    fi
    if [ "$purpose" = bench ]; then
        has npm || words="$words nodejs npm"
        has taskset || words="$words util-linux"
        has_java_client || words="$words librabbitmq-client-java"
        has_eatmydata || words="$words libeatmydata1"
    fi
    "${PYTHON:-python3}" -c 'import ensurepip, venv' >/dev/null 2>&1 || words="$words python3-venv"
    printf '%s' "${words# }"
}

give_up() {
    say "$1"
    say "Please install: $2"
    say "    sudo apt-get install --no-install-recommends $2"
    case $2 in
    *rabbitmq-server*)
        say "Instead of rabbitmq-server another broker can be named (an administrator):"
        say "    CONNECTOR_BROKER_URL=amqp://USER:PASSWORD@HOST:5672/"
        say "    CONNECTOR_BROKER_MANAGEMENT_URL=http://HOST:15672"
        ;;
    esac
    exit $UNAVAILABLE
}

# While the packages are configured, no service may start: no broker's and no database's.
forbid_services() {
    if [ ! -e "$POLICY" ] && [ ! -L "$POLICY" ]; then
        printf '#!/bin/sh\n# %s, for some seconds only\nexit 101\n' "$MARK" >"$POLICY.new"
        chmod 755 "$POLICY.new"
        mv "$POLICY.new" "$POLICY"
    fi
    if [ -d /run/systemd/system ] && has systemctl; then
        masked=''
        for unit in rabbitmq-server.service epmd.service epmd.socket postgresql.service \
            mariadb.service; do
            systemctl cat "$unit" >/dev/null 2>&1 && continue # there already: not ours to touch
            systemctl mask --runtime --quiet "$unit" >/dev/null 2>&1 && masked="$masked $unit"
        done
    fi
}

allow_services() {
    if grep -qs "$MARK" "$POLICY"; then rm -f "$POLICY"; fi
    for unit in ${masked:-}; do
        systemctl unmask --runtime --quiet "$unit" >/dev/null 2>&1 || true
        # What we brought for private nodes does not run by itself at the next boot either.
        systemctl disable --quiet "$unit" >/dev/null 2>&1 || true
    done
}

# The lock of the package lists, unlike that of dpkg, is not waited for by apt itself.
update_lists() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        apt-get update -qq >>"$log" 2>&1 && return 0
        grep -q 'Could not get lock' "$log" || return 0 # offline: the lists at hand may do
        : >"$log"
        sleep 10
    done
}

install_all() {
    log=$(mktemp)
    trap 'allow_services; rm -f "$log"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    say "installing $* (once) ..."
    forbid_services
    update_lists
    apt-get install -qq --yes --no-install-recommends -o DPkg::Lock::Timeout=900 "$@" \
        >>"$log" 2>&1 </dev/null 9>&- || {
        tail -n 20 "$log" >&2
        give_up "apt-get could not install them." "$*"
    }
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0
has apt-get || give_up "This machine has no apt-get." "$wanted"
if [ "$(id -u)" != 0 ]; then
    if has sudo && sudo -n true 2>/dev/null; then
        exec sudo -n env PYTHON="${PYTHON:-python3}" \
            CONNECTOR_BROKER_URL="${CONNECTOR_BROKER_URL:-}" \
            CONNECTOR_BROKER_MANAGEMENT_URL="${CONNECTOR_BROKER_MANAGEMENT_URL:-}" /bin/sh "$0" "$purpose"
    fi
    give_up "Installing needs root, and sudo asks for a password." "$wanted"
fi

exec 9>"$LOCK"
flock 9
wanted=$(missing) # another run may have installed them while we waited
[ -n "$wanted" ] || exit 0
# shellcheck disable=SC2086  # a list of words
install_all $wanted
wanted=$(missing)
[ -z "$wanted" ] || give_up "They were installed, but are still not found." "$wanted"
