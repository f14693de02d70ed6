#!/usr/bin/env bash
# A campaign as a user's script runs it, by commands alone and from an empty store: import, segment, plan, launch with
# a key, watch, pause, resume, finish, and the launch once more, which sends nothing.
#
#   PEOPLE=100000 tests/kit/launch_campaign.sh      # pytake, jq and python3 have to be on the PATH
#   PYTAKE_STORE__URL=postgresql://USER@HOST/EMPTY_DB tests/kit/launch_campaign.sh
set -euo pipefail

people=${PEOPLE:-2000}
# Twenty seconds of sending at least: a command takes one, and the pause has to come while messages go out.
rate=$((people / 20 < 1000 ? people / 20 : 1000))
PYTAKE_HOME=$(mktemp -d)
export PYTAKE_HOME PYTAKE_EMULATOR__PORT=${EMULATOR_PORT:-8911} PYTAKE_SERVE__PORT=${SERVE_PORT:-8912}
export PYTAKE_NO_INPUT=1
cd "$PYTAKE_HOME"
began=$SECONDS
mark() { echo "$((SECONDS - began)) s: $*"; }
fail() { echo "WRONG: $*" >&2; exit 1; }
accepted() { pytake emulator ledger --stats --json | jq -r .accepted; }

pytake init --org-name "Loja Sul" --owner-email rita@example.com --number emulator >init.txt
pytake emulator start --set limit_pairs=false --set batch=100 --bench >emulator.txt 2>&1 &
emulator=$!
until pytake emulator status >/dev/null 2>&1; do kill -0 $emulator; sleep 0.2; done
pytake serve >serve.txt 2>&1 &
daemon=$!
trap 'kill $daemon $emulator 2>/dev/null; wait 2>/dev/null; rm -rf "$PYTAKE_HOME"' EXIT
until pytake status >/dev/null 2>&1; do kill -0 $daemon; sleep 0.2; done
pytake emulator number tier=TIER_UNLIMITED throughput=$rate >/dev/null
pytake number verify >/dev/null
pytake template pull >/dev/null
mark "an empty store, a number, its templates"

python3 - "$people" >people.csv <<'END'
import sys
print("telefone,nome,cidade")
for serial in range(int(sys.argv[1])):
    print(f"+55119{70_000_000 + serial:08},Ana {serial},{'Santos' if serial % 10 else 'Campinas'}")
END
pytake field add cidade --type text >/dev/null
pytake contact import people.csv --map telefone=phone --map nome=name --map cidade=f.cidade --consent marketing \
    --consent-source form --consent-date 2026-11-01 --yes
mark "import"
pytake segment create santos -w 'f.cidade = Santos' >/dev/null
expected=$(pytake segment count santos)
pytake campaign new bf --template oferta_semana --segment santos \
    --var "1={{ contact.first_name | default('cliente') }}" --var 2=10% --var button.0=7 >/dev/null
pytake campaign plan bf --json >plan.json
plan=$(jq -r .id plan.json)
mark "plan $plan: $(jq .recipients plan.json) of a segment of $expected"

launch() { pytake campaign launch --plan "$plan" --expect "$expected" --yes --idempotency-key bf-2026 --json; }
[ "$(launch | jq .replayed)" = false ] || fail "the first launch is none"
mark "launch"
until [ "$(accepted)" -gt $((people / 10)) ]; do sleep 0.2; done
pytake campaign pause bf >/dev/null
before=$(accepted); sleep 3; after=$(accepted)
mark "paused at $before, three seconds later $after"
sleep 3; [ "$(accepted)" = "$after" ] || fail "messages go out of a paused campaign"
code=0; pytake campaign watch bf --exit-code >/dev/null 2>&1 || code=$?
[ $code = 8 ] || fail "watching a paused campaign ends with $code"
pytake campaign resume bf --yes >/dev/null
pytake campaign watch bf --exit-code >/dev/null
mark "finished: $(pytake campaign show bf --json | jq -r .status)"

until [ "$(pytake emulator status --json | jq -r .idle)" = true ]; do sleep 1; done
ledger=$(pytake campaign recipients bf --json --fields contact_id | jq length)
report=$(pytake campaign report bf --json | jq -r .sent)
mark "emulator $(accepted) = ledger $ledger = report $report, cost $(pytake campaign report bf --json | jq -c .cost)"
[ "$(accepted) $ledger $report" = "$expected $expected $expected" ] || fail "they differ from $expected"
code=0; again=$(launch) || code=$?
mark "again: exit $code, replayed $(jq .replayed <<<"$again")"
[ "$code $(jq .replayed <<<"$again") $(accepted)" = "0 true $expected" ] || fail "the second launch: $again"
