#!/bin/sh
# Collects a triage package of a Linux or macOS device and leaves it where the recipe "collect-unix" of live-response-bot collects it.
#
# For the live response library of Microsoft Defender for Endpoint, which runs it as root with bash. Written in POSIX sh: bash (3.2 of macOS
# too), dash and busybox all run it. Takes no arguments.
#
#     RunScript  collect.sh
#     GetFile    /var/tmp/lr-collect/collect.tar.gz
#
# On success the output begins with two lines: the path of the package, and its size. Then come its SHA-256, what was collected, what was not,
# and earlier packages that lie there still.
#
# What the package holds, in the order in which it is collected (what vanishes first comes first):
#     network/     connections with their processes, addresses, routes, neighbors, name servers, firewall rules, hosts file
#     processes/   processes with command line and owner, programs they run with SHA-256, open files
#     sessions/    who is signed in, and was
#     system/      system, mounts, disks, kernel modules, kernel messages, containers
#     users/       accounts, groups, sudo rules, fingerprints of the keys that may sign in by ssh
#     autoruns/    systemd units and timers, cron, at, init scripts, profiles, preloaded libraries, launchd jobs
#     packages/    installed packages
#     files/       what lies in temporary folders, programs that run with another user's rights
#     logs/        ends of the logs of sign-ins, system, packages and audit, and of the journal
#     homes/       what starts by itself for one user: last, because each user decides how much of it there is
#     manifest.csv every file with size and SHA-256, and everything that is absent, cut off or failed, with the reason
#     about.txt    the summary that is also the script's output
# Times are UTC where the tools let us choose. Texts may be an attacker's: do not let a spreadsheet take them for formulas.
#
# What happens on the device:
#  1. The folder /var/tmp/lr-collect is made, open to root alone. One that is there already must be exactly that: a link, another owner or
#     wider rights, and nothing is done.
#  2. A package of an earlier run is renamed aside, never deleted, so that a failed run cannot be followed by the collection of an old one.
#  3. Each tool has its time and its size, all together have six minutes; a tool that hangs is killed, or left behind where not even that
#     helps. A tool that is absent or fails is noted and stops no other.
#  4. The package is put in its place in one step, and the working files are removed.
# Nothing else on the device is changed, and no link is followed. Files are stored under harmless names; manifest.csv has the real ones.
#
# Nothing that holds credentials is collected on purpose: no shadow file, no keys, no memory, no shell history, no failed sign-ins (people type
# passwords in the place of names). Command lines, units, cron tables and logs can hold passwords that somebody put there.
#
# Exit codes:
#    0  the package is at its place; what failed is listed in the output and in manifest.csv
#    1  something unexpected happened; the error says what
#    2  there is an argument, and this script takes none
#    7  there is not enough free space for the package, or it was used up meanwhile
#    8  something that this script did not make is in the place of its folder or of its package
#    9  nothing could be collected
#   10  the package could not be made
#   12  this device cannot do it: not root, or a tool without which nothing works is missing

set -u
umask 077
LC_ALL=C
export LC_ALL
unset CDPATH ENV BASH_ENV 2> /dev/null
IFS=$(printf ' \t\n.')
IFS=${IFS%.}

OUTPUT_FOLDER=/var/tmp/lr-collect
PACKAGE_NAME=collect.tar.gz
# The system's own folders first: what runs as root is not chosen by the environment.
TOOL_PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
OWNER_ID=0
MOUNTS=/proc/mounts
# All tools together, one of them, and making the package; a script of live response is ended after ten minutes.
TOTAL_SECONDS=360
TOOL_SECONDS=20
PACK_SECONDS=90
# Kilobytes: one output or file, one log, all together before they are compressed, and room for the system to go on.
LARGEST_OUTPUT=8192
LARGEST_LOG=16384
LARGEST_TOTAL=524288
LEAST_TOTAL=32768
SPARE_SPACE=262144
MOST_FILES=1500
ABOUT_TITLE='Triage package, made by collect.sh of live-response-bot'

PATH=$TOOL_PATH
export PATH

package=$OUTPUT_FOLDER/$PACKAGE_NAME
work=''
part=''
left=0
files=0
whole=0
absent=0
links=0
kept=0
collected=0
tools=0
tool_running=''

# A message for the responder, and the end. What was renamed aside is told here too.
fail() {
  printf '%s\n' "$2" >&2
  tell_earlier
  exit "$1"
}

# Ends the tool that runs, and removes the working files: all of them lie in a folder that root alone can write in.
# shellcheck disable=SC2317 # Called by the trap.
clean() {
  if [ -n "$work" ] && [ -n "$tool_running" ]; then
    kill_tool
  fi
  if [ -n "$work" ]; then
    rm -rf "$work" || printf 'The folder %s could not be removed, and holds what was collected.\n' "$work" >&2
  fi
}

# Seconds on a clock that nobody sets, where the system has one.
now() {
  if [ -r /proc/uptime ] && read -r uptime _ < /proc/uptime; then
    seconds=${uptime%%.*}
  else
    seconds=$(date +%s)
  fi
}

utc() {
  date -u '+%Y-%m-%d %H:%M:%S UTC'
}

has() {
  command -v "$1" > /dev/null 2>&1
}

# Bytes of a file, and its kilobytes, rounded up. The file is not opened: somebody may have put a pipe in its place, which would be waited for.
size_of() {
  bytes=0
  if [ -f "$1" ]; then
    # shellcheck disable=SC2012 # The size alone, which stands before the name: ls is what every system has for this.
    read -r _ _ _ _ bytes _ << EOF_SIZE
$(ls -ldn "$1" 2> /dev/null)
EOF_SIZE
  fi
  case $bytes in
    '' | *[!0-9]*) bytes=0 ;;
  esac
  kilobytes=$(((bytes + 1023) / 1024))
}

# SHA-256 of what is at standard input.
sum() {
  case $sum_tool in
    '') sum_line='unknown' ;;
    shasum) sum_line=$(shasum -a 256) ;;
    openssl) sum_line=$(openssl dgst -sha256 -r) ;;
    *) sum_line=$("$sum_tool") ;;
  esac
  printf '%s' "${sum_line%% *}"
}

# A text as one cell of a table: on one line, without control characters, quotes doubled.
cell() {
  case $1 in
    *[!\ -~]* | *\"*) printf '"%s"' "$(printf '%s' "$1" | tr '\000-\037\177' '?' | sed 's/"/""/g')" ;;
    *) printf '"%s"' "$1" ;;
  esac
}

# One line of manifest.csv. $1 entry, $2 ok | partial (cut off) | absent (there is no such thing) | link | failed, $3 source, $4 why
record() {
  record_bytes=0
  record_sum=''
  case $2 in
    ok | partial)
      size_of "$work/package/$1"
      record_bytes=$bytes
      collected=$((collected + bytes))
      left=$((left - kilobytes))
      record_sum=$(sum < "$work/package/$1")
      ;;
  esac
  case $2 in
    ok) whole=$((whole + 1)) ;;
    absent) absent=$((absent + 1)) ;;
    link) links=$((links + 1)) ;;
    *)
      kept=$((kept + 1))
      [ "$kept" -gt 40 ] || printf '  %-7s  %s  %s\n' "$2" "$1" "$(printf '%s' "$4" | tr -c '[:print:]' '?' | cut -c 1-200)" >> "$work/troubles"
      ;;
  esac
  {
    cell "$part"
    printf ,
    cell "$1"
    printf ',"%s","%s","%s",' "$2" "$record_bytes" "$record_sum"
    cell "$3"
    printf ,
    cell "$4"
    printf '\n'
  } >> "$work/manifest.csv"
}

# Pauses as short as this system's sleep can.
nap() {
  sleep "$1" 2> /dev/null || sleep 1
}

# Kills the tool that runs, with what it started: it has a group of its own.
kill_tool() {
  tool_id=''
  read -r tool_id 2> /dev/null < "$work/tool.$tools.id"
  case $tool_id in
    '' | *[!0-9]*) ;;
    *) kill -KILL -"$tool_id" 2> /dev/null || kill -KILL "$tool_id" 2> /dev/null ;;
  esac
  kill -TERM "$tool_running" 2> /dev/null
  tool_running=''
}

# Runs one tool with nothing to read, for $1 seconds and $2 kilobytes at most, into the file $3. It is not waited for where it hangs in the
# kernel and cannot be killed. Sets ended to its exit code, or to "slow" or "large".
bounded() {
  bounded_seconds=$1
  bounded_size=$2
  bounded_out=$3
  shift 3
  tools=$((tools + 1))
  # New files each time, which a full disk does not take: nothing could be kept or told of what follows. What is written over them below needs
  # no more room, so that the end of a tool is seen that has filled the disk.
  for bounded_file in id ended; do
    printf '\n' 2> /dev/null > "$work/tool.$tools.$bounded_file" || fail 7 "The disk of $OUTPUT_FOLDER became full meanwhile. Nothing of this run is left."
  done
  (
    # A quiet end: what is killed, the shell would tell on the output of the script.
    trap 'exit 0' TERM
    trap - EXIT
    # The second bound on what it writes, in blocks of 512 or 1024 bytes as the shell has it.
    ulimit -f $((bounded_size * 2 + 2)) 2> /dev/null
    if has setsid; then
      setsid "$@" < /dev/null > "$bounded_out" 2> "$work/tool.errors" &
    else
      set -m
      "$@" < /dev/null > "$bounded_out" 2> "$work/tool.errors" &
    fi
    printf '%s\n' "$!" 1<> "$work/tool.$tools.id"
    wait "$!"
    printf '%s\n' "$?" 1<> "$work/tool.$tools.ended"
  ) > /dev/null 2>&1 &
  tool_running=$!
  now
  bounded_ends=$((seconds + bounded_seconds))
  ended=''
  tries=0
  until read -r ended 2> /dev/null < "$work/tool.$tools.ended" && [ -n "$ended" ]; do
    tries=$((tries + 1))
    if [ "$tries" -le 10 ]; then
      nap 0.02
      continue
    fi
    now
    size_of "$bounded_out"
    if [ "$seconds" -ge "$bounded_ends" ]; then
      ended=slow
    elif [ "$kilobytes" -gt "$bounded_size" ]; then
      ended=large
    fi
    if [ -n "$ended" ]; then
      kill_tool
      return 0
    fi
    nap 0.1
  done
  tool_running=''
  size_of "$bounded_out"
  [ "$kilobytes" -le "$bounded_size" ] || ended=large
}

# How long the next tool may take: its own time, and what all have left. Fails when nothing is left of time or size.
room() {
  now
  room_seconds=$((ends - seconds))
  [ "$room_seconds" -le "$1" ] || room_seconds=$1
  room_size=$2
  [ "$room_size" -le "$left" ] || room_size=$left
  [ "$room_seconds" -gt 0 ] && [ "$room_size" -gt 0 ]
}

# Whether there is room, else why not, which is noted for $1.
room_for() {
  room "$3" "$4" && return 0
  if [ "$room_seconds" -le 0 ]; then
    record "$1" failed "$2" 'The time of all was used up.'
  else
    record "$1" failed "$2" 'The package has its whole size.'
  fi
  return 1
}

# Cuts a file that is larger than it may be.
cut_off() {
  head -c $((room_size * 1024)) "$1" > "$1.cut" 2> /dev/null && mv "$1.cut" "$1"
}

# The output of one tool as one entry: $1 entry, then the tool and its arguments. tool_seconds and tool_size bound it. Sets saved.
tool_seconds=$TOOL_SECONDS
tool_size=$LARGEST_OUTPUT
save() {
  saved=no
  save_entry=$part/$1
  shift
  if ! has "$1"; then
    record "$save_entry" absent "$*" 'There is no such tool on this device.'
    return
  fi
  room_for "$save_entry" "$*" "$tool_seconds" "$tool_size" || return
  save_out=$work/package/$save_entry
  bounded "$room_seconds" "$room_size" "$save_out" "$@"
  why=''
  case $ended in
    0) ;;
    slow) why="Not done after $room_seconds seconds, and ended." ;;
    large)
      why="Cut off: this may have $room_size KB at most."
      cut_off "$save_out"
      ;;
    *)
      first=''
      read -r first 2> /dev/null < "$work/tool.errors"
      why="It ended with $ended. $first"
      ;;
  esac
  saved=yes
  if [ -z "$why" ]; then
    record "$save_entry" ok "$*" ''
  elif [ -s "$save_out" ]; then
    record "$save_entry" partial "$*" "$why"
  else
    saved=no
    rm -f "$save_out"
    record "$save_entry" failed "$*" "$why"
  fi
}

# The first of several tools that is there, so that each fact is collected once: $1 entry, then each tool with its arguments as one word.
save_first() {
  first_entry=$1
  shift
  for first_line in "$@"; do
    if has "${first_line%% *}"; then
      set -f
      # shellcheck disable=SC2086 # The words of the line are the tool and its arguments; none is a pattern.
      save "$first_entry" $first_line
      set +f
      return
    fi
  done
  record "$part/$first_entry" absent "$*" 'There is none of these tools on this device.'
}

# Counted before anything is started for it: whoever owns the folder decides how many names it has, and this script has its minutes.
counted() {
  files=$((files + 1))
  [ "$files" -gt "$MOST_FILES" ] || return 0
  [ "$files" -gt $((MOST_FILES + 1)) ] || record "$part/" failed "$1" "Cut off: at most $MOST_FILES files and folders of a part are looked at."
  return 1
}

# One file: $1 path, $2 the folder of the part, $3 kilobytes at most, of which the end is kept. A link is not followed, nothing but a file read.
save_file() {
  counted "$1" || return
  case $1 in
    *[!A-Za-z0-9._@+/-]* | */.* | *./*) safe=$(printf '%s' "${1#/}" | tr -c 'A-Za-z0-9._@+/-' '_' | sed 's/\.\.*\//_\//g; s/\/\.\.*/\/_/g') ;;
    *) safe=${1#/} ;;
  esac
  file_entry=$part/$2/$safe
  if [ -L "$1" ]; then
    record "$file_entry" link "$1" "to $(readlink "$1"), not followed"
    return
  fi
  if [ ! -e "$1" ]; then
    record "$file_entry" absent "$1" ''
    return
  fi
  if [ ! -f "$1" ]; then
    record "$file_entry" failed "$1" 'This is not a file that can be read to its end.'
    return
  fi
  room_for "$file_entry" "$1" "$TOOL_SECONDS" "$3" || return
  file_out=$work/package/$file_entry
  # Several names may have become one, and that of a file the one of a folder.
  if [ -e "$file_out" ] || ! mkdir -p "${file_out%/*}" 2> /dev/null; then
    file_entry=$part/same-name-$files/${safe##*/}
    file_out=$work/package/$file_entry
    mkdir -p "${file_out%/*}" 2> /dev/null
  fi
  why=''
  size_of "$1"
  if [ "$kilobytes" -gt "$room_size" ]; then
    why="Only the last $room_size KB of $kilobytes."
    bounded "$room_seconds" "$room_size" "$file_out" tail -c $((room_size * 1024)) "$1"
  else
    # A link or a pipe that has taken the file's place meanwhile is copied as what it is, and thrown away below.
    bounded "$room_seconds" "$room_size" "$work/tool.output" cp -R -P "$1" "$file_out"
  fi
  if [ -L "$file_out" ] || [ ! -f "$file_out" ] || [ "$ended" != 0 ]; then
    first=''
    read -r first 2> /dev/null < "$work/tool.errors"
    rm -rf "$file_out"
    record "$file_entry" failed "$1" "It could not be copied ($ended). $first"
  elif [ -n "$why" ]; then
    record "$file_entry" partial "$1" "$why"
  else
    record "$file_entry" ok "$1" ''
  fi
}

# Files of a folder and of the folders below it, $3 levels deep, without following links. $1 folder, $2 folder of the part.
save_below() {
  if [ -L "$1" ] || [ ! -d "$1" ]; then
    [ ! -L "$1" ] || record "$part/$2" link "$1" "to $(readlink "$1"), not followed"
    return
  fi
  for below in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ "$files" -le "$MOST_FILES" ] || return
    if [ -d "$below" ] && [ ! -L "$below" ]; then
      counted "$below" || return
      [ "$3" -le 0 ] || save_below "$below" "$2" $(($3 - 1))
    elif [ -e "$below" ] || [ -L "$below" ]; then
      save_file "$below" "$2" "$LARGEST_OUTPUT"
    fi
  done
}

# Whether something on the way from the folder $1 down to $2 below it is a link.
linked() {
  linked_path=$1
  linked_rest=$2
  while [ -n "$linked_rest" ]; do
    linked_path=$linked_path/${linked_rest%%/*}
    case $linked_rest in
      */*) linked_rest=${linked_rest#*/} ;;
      *) linked_rest='' ;;
    esac
    [ -L "$linked_path" ] && return 0
  done
  return 1
}

# Folders whose files another machine has. To look into one whose server is gone would hang this shell itself, which nothing here could end.
find_remote() {
  : > "$work/remote"
  [ -r "$MOUNTS" ] || return 0
  while read -r _ mounted type _; do
    # A line end in a name, which no home has, would make a second folder of it, and users may choose where they mount.
    case $mounted in
      *\\012*) continue ;;
    esac
    case $type in
      nfs* | cifs | smb* | autofs | fuse.* | 9p | afs | ceph | glusterfs | lustre | ncpfs) printf '%b\n' "$mounted" ;;
    esac
  done < "$MOUNTS" > "$work/remote"
}

remote() {
  while read -r mounted; do
    case $1/ in
      "$mounted"/*) return 0 ;;
    esac
  done < "$work/remote"
  return 1
}

# Each user's home on this machine's own disks, one a line, into $work/homes.
find_homes() {
  {
    printf '/root\n/var/root\n'
    cut -d : -f 6 /etc/passwd 2> /dev/null
    if ! remote /home; then
      for home in /Users/* /home/*; do
        printf '%s\n' "$home"
      done
    fi
  } | sort -u | grep '^/[^*]*[^/*]$' > "$work/all-homes"
  # The homes of people whom /etc/passwd does not know are not even counted then.
  ! remote /home || record users/homes failed /home 'It lies on another machine, and was not looked into.'
  elsewhere=0
  while read -r home; do
    if remote "$home"; then
      elsewhere=$((elsewhere + 1))
    else
      printf '%s\n' "$home" >&3
    fi
  done < "$work/all-homes" 3> "$work/homes"
  [ "$elsewhere" -eq 0 ] || record users/homes failed "$(tr '\n' ' ' < "$work/remote")" "$elsewhere homes lie on other machines, and were not looked into."
}

begin() {
  part=$1
  files=0
  mkdir -p "$work/package/$part"
}

collect_network() {
  begin network
  save_first connections.txt 'ss -tuanpe' 'netstat -anv'
  save_first sockets.txt 'ss -xwap' 'netstat -an'
  save open-sockets.txt lsof -nP -i
  save_first addresses.txt 'ip address show' 'ifconfig -a'
  save_first routes.txt 'ip route show table all' 'netstat -rn'
  save_first neighbors.txt 'ip neighbor show' 'arp -an'
  save_first firewall.txt 'nft list ruleset' 'iptables-save' 'pfctl -s rules'
  [ "$system" != Darwin ] || save name-servers.txt scutil --dns
  for file in /etc/hosts /etc/resolv.conf /etc/nsswitch.conf; do
    save_file "$file" settings "$LARGEST_OUTPUT"
  done
  for file in tcp tcp6 udp udp6 raw packet unix arp; do
    [ ! -e "/proc/net/$file" ] || save "proc-net-$file.txt" cat "/proc/net/$file"
  done
}

# What the processes run. The way through /proc reaches programs that were deleted as well.
save_images() {
  if [ -d /proc/self ]; then
    for process in /proc/[0-9]*; do
      image=$(readlink "$process/exe" 2> /dev/null) || continue
      printf '%s %s\n' "${process#/proc/}" "$(printf '%s' "$image" | tr -c '[:print:]' '?')"
    done > "$work/images"
    # One process for each program.
    set --
    while read -r id _; do
      set -- "$@" "/proc/$id/exe"
    done << EOF_IMAGES
$(sort -k 2 -u "$work/images")
EOF_IMAGES
  else
    ps -axo comm= 2> /dev/null | sort -u | grep '^/' > "$work/images"
    set --
    while read -r image; do
      [ ! -f "$image" ] || set -- "$@" "$image"
    done < "$work/images"
  fi
  save images.txt cat "$work/images"
  [ "$#" -gt 0 ] || return
  if has sha256sum; then
    save image-hashes.txt sha256sum "$@"
  else
    save image-hashes.txt shasum -a 256 "$@"
  fi
}

collect_processes() {
  begin processes
  save processes.txt ps -A -ww -o pid,ppid,user,lstart,time,command
  # The ps of busybox knows none of these.
  [ "$saved" = yes ] || save processes-short.txt ps
  save_images
  tool_seconds=$((TOOL_SECONDS + 10))
  save open-files.txt lsof -nP
  tool_seconds=$TOOL_SECONDS
}

collect_sessions() {
  begin sessions
  save now.txt who -a
  save activity.txt w
  save earlier.txt last -n 1000
  save last-per-user.txt lastlog
  save logind.txt loginctl list-sessions --no-pager
}

collect_system() {
  begin system
  save kernel.txt uname -a
  save time.txt date
  save uptime.txt uptime
  save mounts.txt mount
  save disks.txt df -Pk
  save_first devices.txt 'lsblk -a' 'diskutil list'
  save_first modules.txt 'lsmod' 'kmutil showloaded' 'kextstat'
  save kernel-messages.txt dmesg
  # A link on most systems, and root's own.
  save os-release.txt cat /etc/os-release
  [ "$system" != Darwin ] || save release.txt sw_vers
  [ "$system" != Darwin ] || save extensions.txt systemextensionsctl list
  for file in cmdline modules sys/kernel/tainted; do
    [ ! -e "/proc/$file" ] || save "proc-$(printf '%s' "$file" | tr / -).txt" cat "/proc/$file"
  done
  save containers-docker.txt docker ps -a --no-trunc
  save containers-podman.txt podman ps -a --no-trunc
  save containers-cri.txt crictl ps -a
}

# Names, sizes and times below .ssh, and the fingerprints of the keys that may sign in: no key itself, not even a public one.
save_ssh() {
  number=0
  while read -r home; do
    if remote "$home/.ssh" || [ ! -d "$home/.ssh" ]; then
      continue
    fi
    number=$((number + 1))
    if linked "$home" .ssh; then
      record "users/ssh-$number.txt" link "$home/.ssh" "to $(readlink "$home/.ssh"), not followed"
      continue
    fi
    save "ssh-$number.txt" ls -lan "$home/.ssh"
    for keys in authorized_keys authorized_keys2; do
      if [ -f "$home/.ssh/$keys" ] && [ ! -L "$home/.ssh/$keys" ]; then
        save "ssh-$number-$keys.txt" ssh-keygen -l -f "$home/.ssh/$keys"
      fi
    done
  done < "$work/homes"
}

collect_users() {
  begin users
  save_file /etc/passwd settings "$LARGEST_OUTPUT"
  save_file /etc/group settings "$LARGEST_OUTPUT"
  save_file /etc/sudoers settings "$LARGEST_OUTPUT"
  save_below /etc/sudoers.d settings 1
  save_file /etc/ssh/sshd_config settings "$LARGEST_OUTPUT"
  save_below /etc/ssh/sshd_config.d settings 1
  save_below /etc/pam.d settings 1
  if [ "$system" = Darwin ]; then
    save accounts.txt dscl . -readall /Users RecordName UniqueID PrimaryGroupID NFSHomeDirectory UserShell
    save administrators.txt dscl . -read /Groups/admin GroupMembership
  fi
  find_homes
  save_ssh
}

collect_homes() {
  begin homes
  while read -r home; do
    if [ ! -d "$home" ] || [ -L "$home" ]; then
      continue
    fi
    for below in .bashrc .bash_profile .bash_login .bash_logout .profile .zshrc .zshenv .zprofile .zlogin .config/autostart .config/systemd/user Library/LaunchAgents; do
      if remote "$home/$below"; then
        record homes/files failed "$home/$below" 'It lies on another machine, and was not looked into.'
        continue
      fi
      if [ ! -e "$home/$below" ] && [ ! -L "$home/$below" ]; then
        continue
      fi
      if linked "$home" "$below"; then
        record homes/files link "$home/$below" 'a link lies on the way, and is not followed'
      elif [ -d "$home/$below" ]; then
        save_below "$home/$below" files 2
      else
        save_file "$home/$below" files "$LARGEST_OUTPUT"
      fi
    done
  done < "$work/homes"
}

collect_autoruns() {
  begin autoruns
  if [ "$system" = Darwin ]; then
    save launchd.txt launchctl list
    save login-hooks.txt defaults read com.apple.loginwindow
    save background-items.txt sfltool dumpbtm
    for folder in /Library/LaunchDaemons /Library/LaunchAgents /Library/StartupItems /etc/periodic /usr/lib/cron/tabs /private/var/at/tabs /etc/emond.d; do
      save_below "$folder" files 2
    done
  else
    save units.txt systemctl list-units --all --no-pager --full
    save unit-files.txt systemctl list-unit-files --no-pager --full
    save timers.txt systemctl list-timers --all --no-pager --full
    for folder in /etc/systemd/system /etc/systemd/user /run/systemd/system /usr/local/lib/systemd /etc/init.d /etc/rc.d /etc/xdg/autostart /etc/udev/rules.d /etc/modules-load.d /etc/modprobe.d /etc/ld.so.conf.d /etc/update-motd.d /etc/NetworkManager/dispatcher.d /var/spool/cron /var/spool/at /etc/apt/apt.conf.d; do
      save_below "$folder" files 2
    done
    save_file /etc/ld.so.preload files "$LARGEST_OUTPUT"
    save_file /etc/inittab files "$LARGEST_OUTPUT"
  fi
  for folder in /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/profile.d; do
    save_below "$folder" files 1
  done
  for file in /etc/crontab /etc/anacrontab /etc/at.allow /etc/rc.local /etc/rc.common /etc/profile /etc/bashrc /etc/bash.bashrc /etc/zshrc /etc/zshenv /etc/environment; do
    [ ! -e "$file" ] || save_file "$file" files "$LARGEST_OUTPUT"
  done
  save at-jobs.txt atq
}

collect_packages() {
  begin packages
  save_first installed.txt 'dpkg-query -l' 'rpm -qa --last' 'apk info -v' 'pacman -Q' 'pkgutil --pkgs'
  save snaps.txt snap list
}

collect_files() {
  begin files
  for folder in /tmp /var/tmp /dev/shm; do
    if [ -d "$folder" ]; then
      # The slash at its end, because /tmp is a link on macOS. What this script made is left out.
      save "below$(printf '%s' "$folder" | tr / -).txt" find "$folder/" -xdev ! -path "*/lr-collect/*" -ls
    fi
  done
  tool_seconds=$((2 * TOOL_SECONDS))
  save other-rights.txt find / -xdev -type f '(' -perm -4000 -o -perm -2000 ')' -ls
  tool_seconds=$TOOL_SECONDS
  save capabilities.txt getcap -r /usr
}

collect_logs() {
  begin logs
  tool_size=$LARGEST_LOG
  tool_seconds=$((2 * TOOL_SECONDS))
  if [ "$system" = Darwin ]; then
    save system.txt log show --last 2h --style syslog
  else
    save journal.txt journalctl --no-pager --utc -o short-iso --since '-2 days'
  fi
  tool_seconds=$TOOL_SECONDS
  tool_size=$LARGEST_OUTPUT
  for file in auth.log auth.log.1 secure secure.1 syslog syslog.1 messages messages.1 kern.log cron cron.log audit/audit.log audit/audit.log.1 dpkg.log apt/history.log yum.log dnf.log dnf.rpm.log system.log install.log wtmp microsoft/mdatp/microsoft_defender.log; do
    [ ! -e "/var/log/$file" ] || save_file "/var/log/$file" files "$LARGEST_LOG"
  done
}

# The summary: what there is, and each thing that failed or is not whole. What this device does not have is told by manifest.csv alone.
summary() {
  printf '%s\n' "$ABOUT_TITLE"
  printf 'computer       %s\n' "$(uname -n)"
  printf 'system         %s\n' "$(uname -sr)"
  printf 'started        %s\n' "$started"
  printf 'ended          %s\n' "$(utc)"
  printf 'whole files    %s\n' "$whole"
  printf 'read           %s MB\n' $(((collected + 1048575) / 1048576))
  printf 'absent         %s\n' "$absent"
  printf 'links          %s\n' "$links"
  printf 'not whole      %s\n' "$kept"
  if [ "$kept" -gt 0 ]; then
    cat "$work/troubles"
    [ "$kept" -le 40 ] || printf '  and more: manifest.csv has them all\n'
  fi
}

# Type, rights and owner of a path as ls tells them; nothing where there is nothing.
rights_of() {
  rights=''
  owner=''
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    return 0
  fi
  # shellcheck disable=SC2012 # One path that this script chose: ls is what every system has for this.
  read -r rights _ owner _ << EOF_RIGHTS
$(ls -ldn "$1")
EOF_RIGHTS
}

# The folder, open to root alone, or the end.
make_place() {
  if ! mkdir -m 700 "$OUTPUT_FOLDER" 2> /dev/null; then
    rights_of "$OUTPUT_FOLDER"
    case $rights in
      '') fail 1 "$OUTPUT_FOLDER could not be made." ;;
    esac
  fi
  rights_of "$OUTPUT_FOLDER"
  case $rights/$owner in
    drwx------*+*) fail 8 "$OUTPUT_FOLDER is there already with rights of others (an access list). Look at it, and move it away." ;;
    drwx------*/"$OWNER_ID") ;;
    *) fail 8 "$OUTPUT_FOLDER is there already and is not a folder of root's alone ($rights, owner $owner). Look at it, and move it away." ;;
  esac
}

# An earlier package gets a name with the time. It may be the only copy of what it holds.
put_aside() {
  rights_of "$package"
  case $rights/$owner in
    /) return 0 ;;
    -rw-------*/"$OWNER_ID") ;;
    *) fail 8 "$package is there already and was not made by this script ($rights, owner $owner). Look at it, and move it away." ;;
  esac
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  aside=$OUTPUT_FOLDER/collect.earlier-$stamp.tar.gz
  number=1
  while [ -e "$aside" ] || [ -L "$aside" ]; do
    number=$((number + 1))
    aside=$OUTPUT_FOLDER/collect.earlier-$stamp-$number.tar.gz
  done
  mv "$package" "$aside" || fail 8 "$package could not be renamed aside, so nothing was done."
  moved=$aside
}

# What lies there of earlier runs: nothing of it is ever deleted by this script.
tell_earlier() {
  if [ -n "$moved" ]; then
    size_of "$moved"
    printf 'earlier package renamed aside, kept\n  %s\n  %s bytes, SHA-256 %s\n' "$moved" "$bytes" "$(sum < "$moved")"
  fi
  earlier_count=0
  earlier_size=0
  for one in "$OUTPUT_FOLDER"/collect.earlier-*.tar.gz; do
    if [ -f "$one" ] && [ ! -L "$one" ]; then
      size_of "$one"
      earlier_count=$((earlier_count + 1))
      earlier_size=$((earlier_size + kilobytes))
    fi
  done
  if [ "$earlier_count" -gt 0 ]; then
    printf 'earlier packages kept in %s: %s, %s MB in all. Collect them (GetFile) or remove them by hand; nothing removes them by itself.\n' "$OUTPUT_FOLDER" "$earlier_count" $(((earlier_size + 1023) / 1024))
    for one in "$OUTPUT_FOLDER"/collect.earlier-*.tar.gz; do
      [ "$one" = "$moved" ] || [ ! -f "$one" ] || printf '  %s\n' "$one"
    done
  fi
}

# Working files of runs that were cut off more than an hour ago.
remove_leftovers() {
  find "$OUTPUT_FOLDER" -type d -name 'work.*' -prune -mmin +60 > "$work/leftovers" 2> /dev/null
  while read -r leftover; do
    rm -rf "$leftover" && printf 'Working files of a run that was cut off are removed: %s\n' "$leftover" >> "$work/notes"
  done < "$work/leftovers"
}

moved=''
sum_tool=''
for tool in sha256sum shasum openssl; do
  if has "$tool"; then
    sum_tool=$tool
    break
  fi
done
[ "$#" -eq 0 ] || fail 2 'This script takes no arguments.'
for tool in tar gzip ls rm mv cp mkdir cat head tail tr sed cut sort grep find date sleep df; do
  has "$tool" || fail 12 "There is no $tool on this device, and nothing works without it."
done
[ "$(id -u)" = "$OWNER_ID" ] || fail 12 "This script must run as root, as live response runs it, and this is user $(id -u)."
system=$(uname -s)
trap clean EXIT
trap 'exit 1' HUP INT TERM PIPE

started=$(utc)
make_place
put_aside
work=$OUTPUT_FOLDER/work.$$.$(date -u +%Y%m%dT%H%M%SZ)
if ! mkdir -m 700 "$work"; then
  work=''
  fail 1 "No working folder could be made in $OUTPUT_FOLDER."
fi
: > "$work/notes"
remove_leftovers

# Half of what is free: the working files and the package lie there together.
free=$(df -Pk "$OUTPUT_FOLDER" | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)
case $free in
  '' | *[!0-9]*) fail 1 "How much is free on the disk of $OUTPUT_FOLDER cannot be read." ;;
esac
left=$(((free - SPARE_SPACE) / 2))
[ "$left" -ge "$LEAST_TOTAL" ] || fail 7 "The package needs $(((2 * LEAST_TOTAL + SPARE_SPACE) / 1024)) MB to be free, and $((free / 1024)) MB are free on the disk of $OUTPUT_FOLDER."
[ "$left" -le "$LARGEST_TOTAL" ] || left=$LARGEST_TOTAL

mkdir "$work/package" || fail 1 "No working folder could be made in $work."
printf '"Part","Entry","Result","Bytes","Sha256","Source","Why"\n' > "$work/manifest.csv"
now
ends=$((seconds + TOTAL_SECONDS))
find_remote
collect_network
collect_processes
collect_sessions
collect_system
collect_users
collect_autoruns
collect_packages
collect_files
collect_logs
collect_homes
[ "$collected" -gt 0 ] || fail 9 "Nothing could be collected. $(cat "$work/troubles")"

summary > "$work/package/about.txt"
mv "$work/manifest.csv" "$work/package/manifest.csv"
bounded "$PACK_SECONDS" "$((LARGEST_TOTAL * 2))" "$work/tool.output" tar -c -z -f "$work/$PACKAGE_NAME" -C "$work/package" .
if [ "$ended" != 0 ] || [ ! -s "$work/$PACKAGE_NAME" ]; then
  first=''
  read -r first 2> /dev/null < "$work/tool.errors"
  fail 10 "The package could not be made ($ended). $first"
fi
size_of "$work/$PACKAGE_NAME"
package_size=$(((bytes + 1048575) / 1048576))
package_sum=$(sum < "$work/$PACKAGE_NAME")
rights_of "$package"
[ -z "$rights" ] || fail 8 "$package has appeared meanwhile, and is left as it is."
mv "$work/$PACKAGE_NAME" "$package" || fail 10 "The package could not be put in its place."

printf '%s\n' "$package"
printf '%s MB\n' "$package_size"
printf 'package SHA-256  %s\n' "$package_sum"
cat "$work/package/about.txt" "$work/notes"
tell_earlier
exit 0
