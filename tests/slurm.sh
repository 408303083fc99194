#!/bin/bash
# The Slurm script of pipelines/ on a cluster of two nodes that both are this machine; by hand, as
# root, with Debian's slurm-wlm and munge: tests/slurm.sh target/release/mask2face [CLIP].
# Eight clips go over two tasks; one of them is killed and requeued; then one long clip goes by
# stretches. Shown: every output has the frames that one machine alone gives.
set -euo pipefail
program=$(realpath "$1")
clip=$([ $# -lt 2 ] || realpath "$2")
here=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
cd "$work"
mkdir -p bin clips state spool1 spool2 out
ln -s "$program" bin/mask2face
export PATH="$work/bin:$PATH" MASK2FACE_MODELS="${MASK2FACE_MODELS:-$here/models}"

pids=()
stop() {
    kill "${pids[@]}" 2>/dev/null || true
    echo "what was left lies in $work"
}
trap stop EXIT

dd if=/dev/urandom of=munge.key bs=1024 count=1 status=none
chmod 600 munge.key
chmod 755 "$work"
munged --foreground --force --key-file "$work/munge.key" --socket "$work/munge.sock" \
    --pid-file "$work/munge.pid" --log-file "$work/munge.log" --seed-file "$work/munge.seed" \
    > munge.out 2>&1 &
pids+=($!)
port=$((20000 + RANDOM % 20000))
cat > slurm.conf <<CONF
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$work/munge.sock,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
JobRequeue=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=4000
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 RealMemory=4000
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$work/slurm.conf"
until [ -S munge.sock ]; do sleep 0.2; done
slurmctld -D > slurmctld.out 2>&1 &
pids+=($!)
for node in n1 n2; do
    slurmd -D -N $node > slurmd-$node.out 2>&1 &
    pids+=($!)
done
until [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ]; do sleep 0.5; done
echo "== two nodes are up"

if [ -n "$clip" ]; then cp "$clip" clips/0.mp4; else
    gst-launch-1.0 -q videotestsrc num-buffers=200 ! video/x-raw,width=640,height=360 \
        ! x264enc ! mp4mux ! filesink location=clips/0.mp4
fi
for n in 1 2 3 4 5 6 7; do cp clips/0.mp4 clips/$n.mp4; done
hashes() { for f in "$1"/*.mp4; do ffmpeg -v error -i "$f" -map 0 -c:a copy -f framehash - | sha256sum; done; }
finished() { while squeue -h -r -j "$1" 2>/dev/null | grep -q .; do sleep 0.5; done; }

mask2face run clips/0.mp4 -o alone.mp4 --quiet >/dev/null
job=$(sbatch --parsable --array=1-2 --mem-per-cpu=500M -o task-%a.log "$here/pipelines/batch.slurm" clips out)
until ls out/*.mp4 >/dev/null 2>&1; do sleep 0.2; done
echo "== task 1 is requeued in the middle: $(ls out | grep -c mp4) of 8 are done"
scontrol requeue "${job}_1"
finished "$job"
[ "$(ls -A out | grep -c 'unmasked.mp4$')" = 8 ]
[ "$(ls -A out | grep -vc 'unmasked.mp4$\|report')" = 0 ]
mkdir one && cp alone.mp4 one/
[ "$(hashes out | sort -u)" = "$(hashes one)" ]
grep -h 'mask2face: [0-9]* done' task-*.log
echo "== the same eight outputs as one machine"

mask2face run clips/0.mp4 -o one/alone.mp4 --stretch 2 --overwrite --quiet >/dev/null
mkdir long && cp clips/0.mp4 long/
job=$(sbatch --parsable --array=1-2 --mem-per-cpu=500M -o long-%a.log "$here/pipelines/batch.slurm" \
    long out2 --split --stretch 2)
finished "$job"
mask2face join out2 --quiet
[ "$(hashes out2)" = "$(hashes one)" ]
echo "== a long video by stretches: the same frames as one machine"
trap - EXIT
kill "${pids[@]}"
wait || true
cd /
rm -rf "$work"
