# shellcheck shell=bash
# What the scripts share: where build output goes, how to say what is going on,
# and which toolchain can compile the edge function to wasm32-wasip1.
#
# To be sourced, with `set -euo pipefail` in force. It may assume bash 4 and
# coreutils; it never changes the directory and never exits for its caller
# except through `die`.

WASM_TARGET=wasm32-wasip1

# Rust versions whose wasm32-wasip1 output Fastly's platform rejects.
REFUSED_RUST_VERSIONS="1.91.0 1.93.0"

CHECKOUT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

# Where the Fastly CLI looks for what its build script made: where cargo, run by
# hand, would have put it.
# shellcheck disable=SC2034  # for scripts/build
CLI_TARGET_DIR="${CARGO_TARGET_DIR:-$CHECKOUT/target}"

# Build output lives outside the checkout, so that a second clone does not
# compile Wasmtime again, which is nearly all of the first build.
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/redwedding/target}"
export CARGO_TARGET_DIR

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

# Runs a command and reports how long it took. $1 says what is being done.
step() {
    local what=$1 begun=$SECONDS
    shift
    say "$what"
    "$@" || die "failed: $what" "the command was: $*"
    if ((SECONDS - begun > 2)); then say "  done in $((SECONDS - begun)) s"; fi
}

# Runs cargo. On a terminal, it draws itself how far it is. A log gets a line
# every half minute instead: how many compilations out of how many are done, and
# which ones run. Warnings and errors pass.
with_progress() {
    if [[ -t 2 ]]; then
        "$@"
        return
    fi
    local -x CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=100
    { "$@" 2>&1 >&3 | thin_progress >&2; } 3>&1
}

# Cargo ends a line of progress with a carriage return, every other line as usual.
thin_progress() {
    local chunk line next=$((SECONDS + 30))
    while IFS= read -r -d $'\r' chunk || [[ -n $chunk ]]; do
        while IFS= read -r line; do
            case $line in
            "   Compiling "* | "    Checking "* | "  Downloaded "*) ;;
            "    Building ["*)
                ((SECONDS < next)) && continue
                next=$((SECONDS + 30))
                read -r line <<<"${line##*\] }"
                printf '==>   %s\n' "$line"
                ;;
            *) printf '%s\n' "$line" ;;
            esac
        done <<<"${chunk%$'\n'}"
    done
}

# Prints the comment block that heads a script: its help text.
print_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }

require_rust() {
    command -v cargo >/dev/null 2>&1 && return 0
    if [[ -x $HOME/.cargo/bin/cargo ]]; then
        export PATH="$HOME/.cargo/bin:$PATH"
        return 0
    fi
    die "no Rust toolchain (cargo) found" "install it: https://rustup.rs"
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Installs Debian packages where that can be done without asking. Status 1
# where it cannot: the caller decides whether that is fatal.
install_debian() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [[ $(id -u) -eq 0 ]] || return 1
    say "installing Debian packages: $*"
    local log
    log=$(mktemp)
    if apt_install "$@" >"$log" 2>&1 ||
        { apt-get update >>"$log" 2>&1 && apt_install "$@" >>"$log" 2>&1; }; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}

# ---------------------------------------------------------------- toolchains

refused_version() {
    local version
    version=$(rustc --version 2>/dev/null | cut -d' ' -f2) || return 1
    [[ " $REFUSED_RUST_VERSIONS " == *" $version "* ]]
}

# True when the first rustc on the PATH (rustup's or another) has the target.
path_rustc_has_target() {
    local libdir
    libdir=$(rustc --print target-libdir --target "$WASM_TARGET" 2>/dev/null) || return 1
    compgen -G "$libdir/libstd-*.rlib" >/dev/null
}

# Asks rustup for the target, once a day at most per compiler: where there is
# no network, the question takes long and has the same answer.
rustup_add_target() {
    command -v rustup >/dev/null 2>&1 || return 1
    local mark
    mark="$CARGO_TARGET_DIR/no-$WASM_TARGET-$(rustc --version | tr -c 'A-Za-z0-9.\n' '_')"
    if [[ -n $(find "$mark" -mmin -1440 2>/dev/null) ]]; then return 1; fi
    say "asking rustup for the target $WASM_TARGET (a minute at most)"
    if timeout 60 rustup target add "$WASM_TARGET" >/dev/null 2>&1 && path_rustc_has_target; then
        rm -f "$mark"
        return 0
    fi
    mkdir -p "$CARGO_TARGET_DIR" && touch "$mark"
    say "  rustup could not fetch it"
    return 1
}

debian_cargo() {
    local candidate
    for candidate in /usr/share/cargo/bin/cargo /usr/bin/cargo; do
        if [[ -x $candidate ]]; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# The newest versioned wasm linker that LLVM's package brings.
debian_wasm_linker() {
    local found
    found=$(compgen -G '/usr/bin/wasm-ld*' | sort -V | tail -n 1) || return 1
    [[ -n $found ]] && echo "$found"
}

# Debian's start file for a program (command) or a library (reactor).
debian_wasi_crt() {
    local found
    found=$(dpkg -L wasi-libc 2>/dev/null | grep "/crt1-$1\.o\$") || return 1
    echo "${found%%$'\n'*}"
}

debian_toolchain_complete() {
    [[ -x /usr/bin/rustc ]] && debian_cargo >/dev/null && debian_wasm_linker >/dev/null &&
        debian_wasi_crt command >/dev/null &&
        [[ -d $(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std ]]
}

debian_toolchain() {
    debian_toolchain_complete && return 0
    install_debian rustc-web cargo-web rust-web-src wasi-libc lld-22 || return 1
    debian_toolchain_complete
}

# Prints `path` or `debian`: which toolchain compiles the edge function.
# REDWEDDING_WASM_TOOLCHAIN forces one of them.
choose_wasm_toolchain() {
    case "${REDWEDDING_WASM_TOOLCHAIN:-}" in
    path | debian)
        echo "$REDWEDDING_WASM_TOOLCHAIN"
        return 0
        ;;
    "") ;;
    *) die "REDWEDDING_WASM_TOOLCHAIN is '$REDWEDDING_WASM_TOOLCHAIN'" "it can be: path, debian" ;;
    esac
    if command -v rustc >/dev/null 2>&1 && ! refused_version; then
        if path_rustc_has_target || rustup_add_target; then
            echo path
            return 0
        fi
    fi
    if debian_toolchain; then
        echo debian
        return 0
    fi
    die "no Rust toolchain here can compile for $WASM_TARGET" \
        "with rustup:  rustup target add $WASM_TARGET   (any Rust but: $REFUSED_RUST_VERSIONS)" \
        "on Debian:    apt-get install rustc-web cargo-web rust-web-src wasi-libc lld-22" \
        "the command rustup would run needs the network; Debian's packages need root to install"
}

# Flags that leave out of the paths in panic messages where sources lie: that is
# nobody's business, and a few thousand bytes. Dependencies are fetched first, since the
# flags, on which all build output depends, name the registries that are there.
remapped_paths() {
    local sources=${CARGO_HOME:-$HOME/.cargo}/registry/src registry
    cargo fetch --quiet --manifest-path "$CHECKOUT/Cargo.toml" --target "$WASM_TARGET" >&2 || true
    printf -- '--remap-path-prefix=%s=' "$sources"
    for registry in "$sources"/*/; do
        # Without any, the pattern stands for itself.
        [[ -d $registry ]] || continue
        printf -- ' --remap-path-prefix=%s=' "$registry"
    done
    printf -- ' --remap-path-prefix=crates/='
}

# Runs cargo for the edge function. Both ways build the same program: the
# release profile, SIMD on, panics abort.
#
#   wasm_cargo path|debian SUBCOMMAND ARGUMENTS...
wasm_cargo() {
    local way=$1 subcommand=$2
    shift 2
    local flags="-C target-feature=+simd128"
    flags+=" $(remapped_paths)"
    local -a environment=(
        -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_RUSTFLAGS -u RUSTC_WRAPPER
        "CARGO_TARGET_DIR=$CARGO_TARGET_DIR/edge-$way"
    )
    if [[ $way == path ]]; then
        env "${environment[@]}" "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS=$flags" \
            cargo "$subcommand" --target "$WASM_TARGET" "$@"
        return
    fi
    local crt
    crt=$(debian_wasi_crt command) || die "wasi-libc is not installed" "apt-get install wasi-libc"
    flags+=" -C link-self-contained=no -L native=$(dirname "$crt") -C link-arg=$crt"
    # RUSTC, because rustup's compiler comes first on the PATH.
    env -u RUSTUP_TOOLCHAIN "${environment[@]}" RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
        "CARGO_TARGET_WASM32_WASIP1_LINKER=$(debian_wasm_linker)" \
        "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS=$flags" \
        "$(debian_cargo)" "$subcommand" --target "$WASM_TARGET" -Z build-std=std,panic_abort "$@"
}

has_wasm_opt() { command -v wasm-opt >/dev/null 2>&1 || install_debian binaryen; }

# Makes $2 of $1. The features are those that rustc uses by default, and SIMD:
# with others the platform might not run it. What only says which tools made it goes.
shrink_wasm() {
    wasm-opt --strip-producers --strip-target-features -Oz --converge \
        --enable-bulk-memory --enable-multivalue --enable-mutable-globals \
        --enable-nontrapping-float-to-int --enable-reference-types --enable-sign-ext \
        --enable-simd "$1" -o "$2"
}

# ------------------------------------------------------------------- builds

# The devnet and the relay, as the scripts run them: two programs out of the
# whole workspace. For their packages alone cargo would choose other features,
# and the tests would need Wasmtime compiled again.
build_native() {
    require_rust
    step "building the relay and the local network (the first time with a Wasm runtime)" \
        with_progress cargo build --manifest-path "$CHECKOUT/Cargo.toml" --workspace \
        --bin redwedding-relay --bin redwedding-devnet
}

native_binary() { echo "$CARGO_TARGET_DIR/debug/$1"; }
