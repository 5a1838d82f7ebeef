#!/bin/sh
# Compare the bits of the prelude, and of the modules that `epochal build` prints for the library,
# between Pythons, NumPys and instruction sets.  Run by hand: it downloads NumPy wheels.  Exit 1 on
# any difference.
#
#   PYTHONS="python3.11 python3.12" NUMPYS="1.26.4 newest" tests/portability/matrix.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runs=0 differ=0

# Print the modules once, where Epochal is installed; each environment below has NumPy only.
mkdir "$work/modules"
cd "$here/../../tasks"
for path in */[!_]*.task; do
    name=$(echo "${path%.task}" | tr / -)
    "${EPOCHAL:-epochal}" build "$path" --out "$work/modules/$name.py"
done

# digest PYTHON: one line for each thing that must be the same everywhere.
digest() {
    PYTHONDONTWRITEBYTECODE=1 "$1" "$here/digest.py" &&
        PYTHONDONTWRITEBYTECODE=1 "$1" "$here/digest_tasks.py" "$work/modules"
}

# compare LABEL PYTHON: run the digests, and hold them against the first ones.
compare() {
    digest "$2" >"$work/digest" 2>"$work/about" || {
        cat "$work/about"
        echo "FAILED  $1"
        differ=1
        return
    }
    runs=$((runs + 1))
    [ -f "$work/first" ] || cp "$work/digest" "$work/first"
    if diff "$work/first" "$work/digest"; then
        echo "same    $1: $(tail -n 1 "$work/about")"
    else
        echo "DIFFERS $1: $(tail -n 1 "$work/about")"
        differ=1
    fi
}

for python in ${PYTHONS:-python3.11 python3.12 python3.13}; do
    for numpy in ${NUMPYS:-1.26.4 2.0.2 newest}; do
        label="$python, NumPy $numpy"
        venv="$work/$python-$numpy"
        wanted=numpy
        [ "$numpy" = newest ] || wanted="numpy==$numpy"
        "$python" -m venv "$venv"
        if ! "$venv/bin/pip" install --quiet --only-binary :all: "$wanted" 2>"$work/pip"; then
            grep -q "No matching distribution" "$work/pip" || { cat "$work/pip"; exit 1; }
            echo "none    $label: NumPy has no wheel for it"
            continue
        fi
        compare "$label" "$venv/bin/python"
        # Off: every instruction set beyond the wheel's baseline, AVX2 and AVX-512 among them.
        beyond=$("$venv/bin/python" -W ignore -c '
try:
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
except ImportError:
    from numpy.core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(" ".join(name for name in __cpu_dispatch__ if __cpu_features__[name]))')
        export NPY_DISABLE_CPU_FEATURES="$beyond"
        compare "$label, wide instructions off" "$venv/bin/python"
        unset NPY_DISABLE_CPU_FEATURES
        rm -rf "$venv"
    done
done

echo "$runs runs of $(wc -l <"$work/first") digests each"
[ "$runs" -gt 1 ] && [ "$differ" -eq 0 ]
