# shellcheck shell=bash
# Builds and runs the measures of tests/e2e, each a test with sizes.
#
# To be sourced after toolchain.sh. The sizes are in the environment.

source "$(dirname "${BASH_SOURCE[0]}")/viceroy.sh"

# Builds the edge function, the relay and the tests, and says where they are.
build_measures() {
    cd "$CHECKOUT" || exit
    "$CHECKOUT/scripts/build"
    build_native
    export REDWEDDING_WASM=$CHECKOUT/bin/main.wasm
    REDWEDDING_RELAY_BIN=${REDWEDDING_RELAY_BIN:-$(native_binary redwedding-relay)}
    export REDWEDDING_RELAY_BIN
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
