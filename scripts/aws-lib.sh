# What deploy, verify and uninstall share. Sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly main_stack=crisguard source_stack=crisguard-source-region
records=$root/build/deploy

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }

# fail WHAT WHAT-TO-DO-NEXT
fail() {
  printf 'error: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf '       %s\n' "$2" >&2
  exit 1
}

need() { command -v "$1" >/dev/null || fail "$1 is not installed" "$2"; }

# Sets account and home_region, or says why it cannot.
# shellcheck disable=SC2034 # account is used by the scripts that source this file
know_account() {
  need aws "Install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
  need python3 "Install Python 3.11 or later."
  account=$(aws sts get-caller-identity --query Account --output text) ||
    fail "AWS did not accept the credentials" "Sign in (aws sso login, or set AWS_PROFILE) and try again."
  home_region=${home_region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}}
  [[ -n $home_region ]] || fail "no home Region was chosen" "Pass --region, for example --region ap-northeast-1."
}

# The Regions that are enabled in the account: opted in to, or on by default.
enabled_regions() {
  aws ec2 describe-regions --region "$home_region" --query 'Regions[].RegionName' --output text | tr '\t' '\n' | sort
}

# stack_output REGION STACK KEY: prints the output, or nothing.
stack_output() {
  aws cloudformation describe-stacks --region "$1" --stack-name "$2" \
    --query "Stacks[0].Outputs[?OutputKey=='$3'].OutputValue" --output text 2>/dev/null || true
}

stack_exists() { aws cloudformation describe-stacks --region "$1" --stack-name "$2" >/dev/null 2>&1; }

# in_every_region LABEL JOBS COMMAND REGION...: runs COMMAND REGION for each Region, JOBS at
# once; a line for each that ends, a log for each, and the failed ones in failed-LABEL.txt.
in_every_region() {
  local label=$1 jobs=$2 command=$3 total running=0 failed
  shift 3
  total=$#
  mkdir -p "$records/$label"
  failed=$records/failed-$label.txt
  : >"$failed"
  for region in "$@"; do
    if ((running >= jobs)); then wait -n || true; else running=$((running + 1)); fi
    (
      started=$SECONDS
      if "$command" "$region" >"$records/$label/$region.log" 2>&1; then
        printf '  done    %-16s %3d s\n' "$region" $((SECONDS - started))
      else
        printf '  FAILED  %-16s %s\n' "$region" "$(grep -m1 -iE 'error|denied|failed' "$records/$label/$region.log" || echo 'see its log')"
        echo "$region" >>"$failed"
      fi
    ) &
  done
  wait
  say "  $((total - $(wc -l <"$failed"))) of $total Regions done; a log for each is in ${records#"$root"/}/$label/"
  [[ ! -s $failed ]]
}
