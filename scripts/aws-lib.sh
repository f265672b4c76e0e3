# What deploy, deploy-members, deploy-logging, verify, look and uninstall share. Sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly main_stack=crisguard source_stack=crisguard-source-region change_stack=crisguard-change-region logging_stack=crisguard-invocation-logging
# shellcheck disable=SC2034 # the same
readonly run_audit_stack=crisguard-run-audit members_stack=crisguard-members
records=$root/build/deploy

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }

# fail WHAT WHAT-TO-DO-NEXT: ends with 1, or with what the script has in fails_with.
fail() {
  printf 'error: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf '       %s\n' "$2" >&2
  exit "${fails_with:-1}"
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

# parameters_of TEMPLATE: prints the names of its parameters.
parameters_of() { sed -n '/^Parameters:/,/^[A-Z]/s/^  \([A-Za-z0-9]\{1,\}\):.*/\1/p' "$root/infra/$1"; }

stack_exists() { aws cloudformation describe-stacks --region "$1" --stack-name "$2" >/dev/null 2>&1; }

# build_functions BUILDER ARCHITECTURE FUNCTION…: leaves the code of each in target/lambda.
build_functions() {
  local builder=$1 architecture=$2 function
  shift 2
  case $builder in
    none) ;;
    cargo-lambda)
      need cargo-lambda "Install it (pip install cargo-lambda), or pass --builder cargo on a Linux machine of the functions' processor."
      local target=--arm64
      [[ $architecture == arm64 ]] || target=--x86-64
      (cd "$root" && cargo lambda build --profile dist "$target" --output-format binary --lambda-dir "$root/target/lambda" "${@/#/--package=}")
      for function in "$@"; do
        "$root/scripts/zip-function" "$root/target/lambda/$function/bootstrap"{,.zip}
      done
      ;;
    cargo)
      warn "built for this machine: the functions run only if its processor is $architecture and its C library is no newer than Amazon Linux 2023's (glibc 2.34)"
      (cd "$root" && cargo build --profile dist "${@/#/--package=}")
      for function in "$@"; do
        "$root/scripts/zip-function" "${CARGO_TARGET_DIR:-$root/target}/dist/$function" "$root/target/lambda/$function/bootstrap.zip"
      done
      ;;
    *) fail "unknown builder $builder" "Use cargo-lambda, cargo or none." ;;
  esac
  for function in "$@"; do
    [[ -f $root/target/lambda/$function/bootstrap.zip ]] ||
      fail "target/lambda/$function/bootstrap.zip is missing" "Leave out --builder none, so that it is built."
  done
}

# bucket_for_artifacts REGION: prints the name of a private bucket there for code and templates,
# and makes it if there is none.
bucket_for_artifacts() {
  local bucket=crisguard-artifacts-$account-$1
  if ! aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1; then
    aws s3 mb "s3://$bucket" --region "$1" >/dev/null || return 1
    aws s3api put-public-access-block --region "$1" --bucket "$bucket" --public-access-block-configuration \
      BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true || return 1
  fi
  printf '%s' "$bucket"
}

# crisguard ARGUMENT…: the command, as CRISGUARD names it or built from this checkout.
crisguard() {
  if [[ -n ${CRISGUARD:-} ]]; then
    "$CRISGUARD" "$@"
  else
    cargo run --quiet --release --manifest-path "$root/Cargo.toml" --package run-audit --bin crisguard -- "$@"
  fi
}

# compile_patterns COVERAGE POLICY OUTPUT [OPTION…]: writes the parameters of infra/source-region.yaml that
# the policy comes to. Where everything is forwarded there is nothing to compile, so a policy that cannot be compiled,
# or not for all accounts at once, is no obstacle: the rules name its hash alone.
compile_patterns() {
  local coverage=$1 policy=$2 output=$3
  shift 3
  if [[ $coverage == all ]]; then
    python3 -c 'import hashlib, json, sys; print(json.dumps({"PolicySha256": hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()}))' "$policy" >"$output"
  else
    crisguard pattern --policy "$policy" "$@" --format parameters >"$output"
  fi
}

# put_back REGION STACK [OPTION…]: brings what was changed beside the templates in line with them
# again; an ordinary deployment leaves alone what is unchanged in the template. What cannot be put
# back stays as it is: check-posture tells what of it matters.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
put_back() {
  local region=$1 stack=$2 change=crisguard-put-back-$$ status reason parameters
  shift 2
  # shellcheck disable=SC2016 # the backquotes are JMESPath's
  parameters=$(aws cloudformation describe-stacks --region "$region" --stack-name "$stack" --output json \
    --query 'Stacks[0].Parameters[].{ParameterKey: ParameterKey, UsePreviousValue: `true`}')
  if ! aws cloudformation create-change-set --region "$region" --stack-name "$stack" --change-set-name "$change" \
    --use-previous-template --deployment-mode REVERT_DRIFT --capabilities CAPABILITY_NAMED_IAM \
    --parameters "$parameters" "$@" >/dev/null; then
    warn "what was changed by hand in $region was not looked for; the AWS CLI may be too old for drift-aware change sets"
    return 0
  fi
  while true; do
    read -r status reason < <(aws cloudformation describe-change-set --region "$region" --stack-name "$stack" \
      --change-set-name "$change" --query '[Status, StatusReason]' --output text)
    case $status in
      CREATE_COMPLETE) break ;;
      FAILED)
        aws cloudformation delete-change-set --region "$region" --stack-name "$stack" --change-set-name "$change" >/dev/null
        # Nothing was changed by hand: the usual case.
        [[ $reason == *"didn't contain changes"* || $reason == *"No updates"* ]] || warn "nothing was put back in $region: $reason"
        return 0
        ;;
    esac
    sleep 2
  done
  say "  putting back in $region what was changed by hand"
  aws cloudformation execute-change-set --region "$region" --stack-name "$stack" --change-set-name "$change" >/dev/null
  aws cloudformation wait stack-update-complete --region "$region" --stack-name "$stack" ||
    warn "not everything was put back in $region; see: aws cloudformation describe-stack-events --region $region --stack-name $stack"
}

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
