#!/usr/bin/env bash
#SBATCH --job-name=reversim-search
#SBATCH --array=1-4
#SBATCH --cpus-per-task=2
#SBATCH --requeue
#SBATCH --open-mode=append
# A search in shards as a Slurm job array: one task a shard, all on one shared directory.
#   SEEDS=0..1000000 CAMPAIGN=/shared/campaign sbatch --array=1-4 launchers/slurm.sh
# Afterwards: reversim merge /shared/campaign/shard-* --out /shared/campaign/whole
# See docs/scale.md.
set -u
: "${SEEDS:?as 0..1000000}" "${CAMPAIGN:?a directory that all nodes see}"
shard=$SLURM_ARRAY_TASK_ID

"${REVERSIM:-reversim}" search --profile "${PROFILE:-mix}" --seeds "$SEEDS" --keep-going ${MORE:-} \
    --jobs "${SLURM_CPUS_PER_TASK:-1}" --shard "$shard/$SLURM_ARRAY_TASK_COUNT" \
    --out "$CAMPAIGN/shard-$shard"
status=$?

case $status in
    # 0 holds. 1: a case was found; 2: nothing was exercised; 64: bad usage: no retry changes these.
    0 | 1 | 2 | 64) exit "$status" ;;
esac
# 70 internal error, 74 a write failed, 137 killed: again, from the blocks that are complete.
if ((${SLURM_RESTART_COUNT:-0} < ${RETRIES:-6})); then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$shard"
fi
exit "$status"
