# shellcheck shell=bash
# Builds and runs the measures of tests/e2e, each a test with sizes.
#
# To be sourced after toolchain.sh. The sizes are in the environment.

source "$(dirname "${BASH_SOURCE[0]}")/viceroy.sh"

# Builds the edge function, the relay as it is installed, and the tests, and says where they are.
build_measures() {
    cd "$CHECKOUT" || exit
    "$CHECKOUT/scripts/build"
    if [[ -z ${REDWEDDING_RELAY_BIN:-} ]]; then
        require_rust
        step "building the relay as it is installed (the first time: some minutes)" \
            with_progress cargo build --profile server -p redwedding-relay
    fi
    export REDWEDDING_WASM=$CHECKOUT/bin/main.wasm
    export REDWEDDING_RELAY_BIN=${REDWEDDING_RELAY_BIN:-$CARGO_TARGET_DIR/server/redwedding-relay}
    use_one_certificate
    step "building the measures (the first time with Viceroy: some minutes)" \
        with_progress cargo test --workspace --test e2e "${FAST_VICEROY[@]}" --no-run
}

# run_measure NAME: the file of that name in tests/e2e. Its status is the measure's.
run_measure() {
    cargo test --quiet --workspace --test e2e "${FAST_VICEROY[@]}" -- \
        --nocapture --test-threads=1 "$1::"
}

# require_number VALUE WHAT
require_number() {
    [[ $1 =~ ^[1-9][0-9]{0,5}$ ]] ||
        die "$2 is '$1', not a number" "try: $0 --help"
}
