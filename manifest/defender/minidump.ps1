<#
.SYNOPSIS
Writes a full memory dump of one process and leaves it as a zip where the recipe "dump" of live-response-bot collects it.

.DESCRIPTION
For the live response library of Microsoft Defender for Endpoint; runs as SYSTEM in Windows PowerShell 5.1. PowerShell 4.0, which Server 2012 R2
has when it is delivered, is enough; the output says so then. There is no "#Requires" line, because all that a responder would see of it is a
script that did not run.

    RunScript  minidump.ps1   OfficeClickToRun
    GetFile    C:\windows\TEMP\OfficeClickToRun.dmp.zip

The argument is the name of a process, with or without ".exe", or a process id. It stands in the name of the zip exactly as it was given,
because the recipe collects that very path. On success the output begins with two lines: the path of the zip, and its size. Every file that is
left on the device is named with its SHA-256, also when the script fails.

A recipe can set the bounds after the name, and ask for a snapshot:

    RunScript  minidump.ps1   OfficeClickToRun -MaxMB 8192 -MaxSeconds 480 -Snapshot

What happens on the device:
 1. A zip that this script left there before is renamed aside ("<name>.dmp.earlier-<UTC>.zip"), so that a failed run can never be followed by the
    collection of an old dump. It is never deleted: after a GetFile that failed it may be the only copy. The output names it, and how many lie there.
 2. What a full dump would write is measured, without touching the process: above the bounds, or without the space for it, nothing more happens.
 3. A folder with a random name is made in C:\windows\TEMP, open to SYSTEM and Administrators alone. The dump is written there by
    MiniDumpWriteDump of Windows' own dbghelp.dll; the process stands still while it is written. It is given up after half of -MaxSeconds.
    With -Snapshot the process stands still only while PssCaptureSnapshot clones it, and the dump is written of the clone.
    Where memory could not be read (ERROR_PARTIAL_COPY), it is tried once more, without what cannot be read; the output says so.
 4. The dump and a note about it (about.txt) are zipped, the zip is moved to its place, and the folder is removed. Windows itself removes the raw
    dump as soon as this PowerShell ends, however it ends. The zip keeps the folder's rights: nobody but SYSTEM and Administrators can read it.
    It stays until somebody removes it.
A file of the zip's name that this script did not make is never touched. The one program that is started is Windows' own C# compiler, by Add-Type.

Nobody's credentials are collected by accident: LSASS and its isolated twin are refused, by name and by id. The PowerShell that runs this script,
and a PowerShell that started it, are left out: "dump powershell" means another one.

.PARAMETER Process
Letters, digits, "_", "-" and ".", at most 64, beginning with a letter, digit or "_", not ending with ".", without "..".
Only digits are a process id.

.PARAMETER MaxMB
The most that a full dump of the process may have, in MB: 1 to 65536, 4096 where it is not given. Live response collects 3 GB, after compression.

.PARAMETER MaxSeconds
The most that dumping and zipping may take, in seconds: 30 to 480, 420 where it is not given. Live response ends a script after 600.

.PARAMETER Snapshot
Dumps a clone of the process. Off unless it is given: it has not been tried on Windows by its authors (docs/defender-setup.md has the steps that
try it). Where there can be no snapshot the script fails and says so; it never falls back to the longer pause.

.NOTES
Exit codes:
   0  the zip is at its place
   1  something unexpected happened; the error says what
   2  the argument is missing, is not a process name or id, or there is one too many; or a bound is not a number in its range
   3  there is no such process
   4  several processes have this name; their ids are listed, ask again with one of them
   5  this process is refused (LSASS, or the PowerShell that runs this script)
   6  access denied: the process is protected, or a security product forbids it
   7  there is not enough free space for the dump and its zip
   8  a file that this script did not make is in the zip's place, or the zip there could not be renamed aside
   9  the dump could not be written
  10  the zip could not be made
  11  the zip is larger than live response can collect (3 GB)
  12  this PowerShell cannot do it: constrained language mode, 32 bits on a 64-bit Windows, older than 4.0, or no C# compiler
  13  a full dump is larger than -MaxMB; the process was not touched
  14  it would take longer than -MaxSeconds, and the process was not touched; or it did, and was given up
  15  there can be no snapshot of this process; it went on running
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [AllowEmptyString()]
    [string] $Process = '',

    # As texts, so that the script's own words say what is wrong with them.
    [string] $MaxMB = '4096',

    [string] $MaxSeconds = '420',

    [switch] $Snapshot,

    [Parameter(ValueFromRemainingArguments = $true)]
    [string[]] $Unexpected = @()
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# The folder of the recipe, by its literal path: the TEMP of the environment could be another one.
$OutputFolder = 'C:\windows\TEMP'
$WorkPrefix = 'lr-minidump-'
$AboutName = 'about.txt'
$NamePattern = '\A[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?\z'
# Names that Windows takes for devices, whatever follows the first dot.
$DevicePattern = '\A(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\.|\z)'
$RefusedNames = @('lsass', 'lsaiso')
# How fast even a slow disk and one busy processor write, read, hash and compress a dump, in MB a second for all of it together. An assumption:
# the checklist in docs/defender-setup.md measures it.
$SlowestPace = 20
# Live response ends a script after 600 seconds; the last of them are for hashing what is left behind and for removing the folder.
$LastSecond = 570
$LeastVersion = '4.0'
$WrittenFor = '5.1'
# SYSTEM and the Administrators group.
$TrustedSids = @('S-1-5-18', 'S-1-5-32-544')
# "getfile: 3 GB" (learn.microsoft.com/defender-endpoint/live-response, limitations).
$LargestCollected = 3GB
# Next to the dump and its zip: room for the system to go on.
$SpareSpace = 512MB
$Megabyte = 1MB
$Clock = [System.Diagnostics.Stopwatch]::StartNew()
# What the output says next to its result.
$Notes = New-Object -TypeName System.Collections.Generic.List[string]

# An exception that carries the exit code.
function New-Failure {
    param([int] $Code, [string] $Message)
    $failure = New-Object -TypeName System.InvalidOperationException -ArgumentList $Message
    $failure.Data['ExitCode'] = $Code
    return $failure
}

function Format-Size {
    param([long] $Bytes)
    $megabytes = [double] $Bytes / $Megabyte
    return '{0} MB' -f [long] [System.Math]::Ceiling($megabytes)
}

# When a process was started; protected processes do not say.
function Get-Started {
    param([System.Diagnostics.Process] $Target)
    try {
        return $Target.StartTime.ToUniversalTime().ToString('yyyy-MM-dd HH:mm:ss', [System.Globalization.CultureInfo]::InvariantCulture) + ' UTC'
    }
    catch {
        return 'unknown'
    }
}

function Assert-Environment {
    $version = $PSVersionTable.PSVersion
    if ($version -lt [System.Version] $LeastVersion) {
        throw (New-Failure -Code 12 -Message "This is PowerShell $version, and the script needs $LeastVersion at least. Install Windows Management Framework $WrittenFor.")
    }
    if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
        throw (New-Failure -Code 12 -Message 'PowerShell runs in constrained language mode here. Sign this script with a certificate that the application control policy of the device trusts.')
    }
    if ([System.Environment]::Is64BitOperatingSystem -and -not [System.Environment]::Is64BitProcess) {
        throw (New-Failure -Code 12 -Message 'This is a 32-bit PowerShell on a 64-bit Windows, which does not see 64-bit processes, files and registry as they are.')
    }
}

# What to say of a PowerShell that is older than the one these scripts were written for: nothing where it is not.
function Get-VersionNote {
    $version = $PSVersionTable.PSVersion
    if ($version -lt [System.Version] $WrittenFor) {
        return "note: this is PowerShell $version (Server 2012 R2 has 4.0 when it is delivered). The script was written for $WrittenFor and uses nothing that 4.0 lacks; if something fails, install Windows Management Framework $WrittenFor."
    }
}

# The innermost message of an error, as one line.
function Get-Reason {
    param([System.Management.Automation.ErrorRecord] $Failed)
    return $Failed.Exception.GetBaseException().Message -replace '\s+', ' '
}

function Assert-Name {
    param([string] $Name, [string[]] $Rest)
    if ($Name -eq '') {
        throw (New-Failure -Code 2 -Message 'The name or id of a process is missing.')
    }
    if ($Rest.Count -gt 0) {
        throw (New-Failure -Code 2 -Message 'There is more than one argument. Give the name or id of one process, and after it -MaxMB, -MaxSeconds or -Snapshot.')
    }
    if ($Name -cnotmatch $NamePattern -or $Name.Contains('..') -or $Name -match $DevicePattern) {
        throw (New-Failure -Code 2 -Message 'This is not the name or id of a process. Letters, digits, "_", "-" and "." are allowed, at most 64, without a path or wildcards.')
    }
}

# A bound as the recipe gives it.
function Read-Bound {
    param([string] $Name, [string] $Given, [int] $Least, [int] $Most)
    if ($Given -cnotmatch '\A[0-9]{1,6}\z' -or [int] $Given -lt $Least -or [int] $Given -gt $Most) {
        throw (New-Failure -Code 2 -Message "$Name takes a whole number from $Least to $Most.")
    }
    return [int] $Given
}

# The PowerShell that runs this script, and the one that started it, if one did. Only the name of this one is worth the question.
function Get-OwnId {
    $own = @($PID)
    try {
        $query = Get-CimInstance -ClassName 'Win32_Process' -Filter "ProcessId = $PID" -Property 'ParentProcessId' -OperationTimeoutSec 20
        $parent = Get-Process -Id ([int] $query.ParentProcessId) -ErrorAction SilentlyContinue
        # An id is used again after its process has ended: a parent is older than its child.
        if ($null -ne $parent -and $parent.ProcessName -eq (Get-Process -Id $PID).ProcessName -and $parent.StartTime -le (Get-Process -Id $PID).StartTime) {
            $own += $parent.Id
        }
    }
    catch {
        $Notes.Add("note: which process started this script could not be read: $(Get-Reason -Failed $_)")
    }
    return $own
}

# The one process that is meant.
function Find-Target {
    param([string] $Name)
    $ownName = (Get-Process -Id $PID).ProcessName
    $leftOut = @()
    if ($Name -cmatch '\A[0-9]{1,9}\z') {
        $found = @(Get-Process -Id ([int] $Name) -ErrorAction SilentlyContinue)
        if ($found.Count -eq 1 -and $found[0].ProcessName -eq $ownName -and @(Get-OwnId) -contains $found[0].Id) {
            throw (New-Failure -Code 5 -Message "Process $Name is the PowerShell that runs this script, and cannot dump itself.")
        }
    }
    else {
        $found = @(Get-Process -Name ($Name -ireplace '\.exe\z', '') -ErrorAction SilentlyContinue)
        if (@($found | ForEach-Object -Process { $_.ProcessName }) -contains $ownName) {
            $own = @(Get-OwnId)
            $leftOut = @($found | Where-Object -FilterScript { $own -contains $_.Id } | ForEach-Object -Process { $_.Id })
            $found = @($found | Where-Object -FilterScript { $own -notcontains $_.Id })
        }
    }
    if ($found.Count -eq 0 -and $leftOut.Count -gt 0) {
        throw (New-Failure -Code 3 -Message "There is no process '$Name' on this device but the one that runs this script ($($leftOut -join ', ')).")
    }
    if ($found.Count -eq 0) {
        throw (New-Failure -Code 3 -Message "There is no process '$Name' on this device.")
    }
    if ($found.Count -gt 1) {
        $lines = @($found | Sort-Object -Property Id | ForEach-Object -Process {
                '  {0}  started {1}, session {2}, {3}' -f $_.Id, (Get-Started -Target $_), $_.SessionId, (Format-Size -Bytes $_.WorkingSet64)
            })
        throw (New-Failure -Code 4 -Message ("There are {0} processes '{1}'. Ask again with the id of one of them:`n{2}" -f $found.Count, $Name, ($lines -join "`n")))
    }
    $target = $found[0]
    if ($leftOut.Count -gt 0) {
        $Notes.Add("note: process $($leftOut -join ', ') has this name too and was left out, because it runs this script")
    }
    if ($RefusedNames -contains $target.ProcessName) {
        throw (New-Failure -Code 5 -Message "Process $($target.Id) is $($target.ProcessName), whose memory holds the credentials of everybody who is signed in. This script does not dump it.")
    }
    return $target
}

function Test-Trusted {
    param([string] $Path)
    $attributes = [System.IO.File]::GetAttributes($Path)
    if (($attributes -band [System.IO.FileAttributes]::ReparsePoint) -ne 0) {
        return $false
    }
    $owner = (Get-Acl -LiteralPath $Path).GetOwner([System.Security.Principal.SecurityIdentifier])
    return $TrustedSids -contains $owner.Value
}

# Whether a file is a zip that this script made: owned by SYSTEM or Administrators, and holding exactly what it puts in.
function Test-OwnZip {
    param([string] $Path, [string] $DumpName)
    if ([System.IO.Directory]::Exists($Path) -or -not (Test-Trusted -Path $Path)) {
        return $false
    }
    try {
        $archive = [System.IO.Compression.ZipFile]::OpenRead($Path)
    }
    catch {
        return $false
    }
    try {
        $names = @($archive.Entries | ForEach-Object -Process { $_.FullName })
        return ($names.Count -eq 2) -and ($names -ccontains $DumpName) -and ($names -ccontains $AboutName)
    }
    finally {
        $archive.Dispose()
    }
}

# Makes the zip's place free, or says who is in it. Gives the new path of a zip that was renamed aside.
function Clear-Place {
    param([string] $Path, [string] $DumpName)
    if (-not (Test-Path -LiteralPath $Path)) {
        return
    }
    if (-not (Test-OwnZip -Path $Path -DumpName $DumpName)) {
        throw (New-Failure -Code 8 -Message "$Path is there already and was not made by this script. Look at it, and move it away.")
    }
    return Move-Aside -Path $Path
}

# Gives an earlier zip a name with the time, in the same folder and with the same rights. Nothing is ever deleted or written over.
function Move-Aside {
    param([string] $Path)
    $stamp = [System.DateTime]::UtcNow.ToString('yyyyMMddTHHmmssZ', [System.Globalization.CultureInfo]::InvariantCulture)
    $stem = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($Path), [System.IO.Path]::GetFileNameWithoutExtension($Path))
    $aside = "$stem.earlier-$stamp.zip"
    for ($number = 2; [System.IO.File]::Exists($aside); $number++) {
        $aside = "$stem.earlier-$stamp-$number.zip"
    }
    try {
        [System.IO.File]::Move($Path, $aside)
    }
    catch {
        throw (New-Failure -Code 8 -Message "$Path could not be renamed aside, so nothing was done: $(Get-Reason -Failed $_)")
    }
    return $aside
}

# Opens a file that others may be writing or removing.
function Open-Shared {
    param([string] $Path)
    return New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([System.IO.FileMode]::Open), ([System.IO.FileAccess]::Read), ([System.IO.FileShare] 'ReadWrite, Delete')
}

# SHA-256 of a file, in small letters, or why there is none: nothing may keep the script beyond its last second.
function Get-Sum {
    param([string] $Path, [System.Diagnostics.Stopwatch] $Clock)
    $hash = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
    try {
        $content = Open-Shared -Path $Path
        try {
            $buffer = New-Object -TypeName byte[] -ArgumentList 1048576
            while (($read = $content.Read($buffer, 0, $buffer.Length)) -gt 0) {
                if ($Clock.ElapsedMilliseconds -gt 1000 * $LastSecond) {
                    return 'not computed: the time was used up'
                }
                [void] $hash.TransformBlock($buffer, 0, $read, $buffer, 0)
            }
            [void] $hash.TransformFinalBlock($buffer, 0, 0)
            return [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
        }
        finally {
            $content.Dispose()
        }
    }
    catch {
        return 'not computed: ' + (Get-Reason -Failed $_)
    }
    finally {
        $hash.Dispose()
    }
}

# Lines on earlier zips: the one that was renamed aside just now with its SHA-256, and all that lie there. They are evidence, and stay.
function Get-Earlier {
    param([string] $Path, [string] $Moved, [System.Diagnostics.Stopwatch] $Clock)
    if ($Moved -ne '') {
        'earlier zip renamed aside, kept'
        "  $Moved"
        '  {0}, SHA-256 {1}' -f (Format-Size -Bytes (New-Object -TypeName System.IO.FileInfo -ArgumentList $Moved).Length), (Get-Sum -Path $Moved -Clock $Clock)
    }
    $pattern = [System.IO.Path]::GetFileNameWithoutExtension($Path) + '.earlier-*.zip'
    $files = @((New-Object -TypeName System.IO.DirectoryInfo -ArgumentList ([System.IO.Path]::GetDirectoryName($Path))).GetFiles($pattern))
    if ($files.Count -gt 0) {
        [long] $bytes = 0
        foreach ($file in $files) {
            $bytes += $file.Length
        }
        'earlier zips kept: {0}, {1} in all. Collect them (GetFile) or remove them by hand; nothing removes them by itself.' -f $files.Count, (Format-Size -Bytes $bytes)
        foreach ($file in @($files | Sort-Object -Property Name | Select-Object -First 20)) {
            if ($file.FullName -ne $Moved) {
                '  {0}  {1}' -f $file.FullName, (Format-Size -Bytes $file.Length)
            }
        }
        if ($files.Count -gt 20) {
            '  and more'
        }
    }
}

# Removes the files that this script makes in a work folder, and the folder if nothing else is in it. Never follows anything below it.
function Remove-WorkFolder {
    param([string] $Path)
    foreach ($file in [System.IO.Directory]::GetFiles($Path)) {
        [System.IO.File]::Delete($file)
    }
    [System.IO.Directory]::Delete($Path)
}

# A run that was cut off at the time limit of ten minutes leaves its folder behind. Gives a line for each that was removed, or could not be.
function Remove-Leftovers {
    $anHourAgo = [System.DateTime]::UtcNow.AddHours(-1)
    foreach ($folder in [System.IO.Directory]::GetDirectories($OutputFolder, $WorkPrefix + '*')) {
        try {
            if ([System.IO.Directory]::GetLastWriteTimeUtc($folder) -lt $anHourAgo -and (Test-Trusted -Path $folder)) {
                Remove-WorkFolder -Path $folder
                "note: the working folder of a run that was cut off was removed: $folder"
            }
        }
        catch {
            "note: the working folder of a run that was cut off could not be removed: ${folder}: $(Get-Reason -Failed $_)"
        }
    }
}

function New-WorkFolder {
    $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $security.SetAccessRuleProtection($true, $false)
    foreach ($sid in $TrustedSids) {
        $identity = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $sid
        $rule = New-Object -TypeName System.Security.AccessControl.FileSystemAccessRule -ArgumentList $identity, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow'
        $security.AddAccessRule($rule)
    }
    $path = [System.IO.Path]::Combine($OutputFolder, $WorkPrefix + [System.Guid]::NewGuid().ToString('N'))
    [void] [System.IO.Directory]::CreateDirectory($path, $security)
    return $path
}

# MiniDumpWriteDump and what it needs, with the least rights. System32 alone is searched for all of it. C# 5 only: that is what Windows brings.
$NativeSource = @'
using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LiveResponseBot
{
    public sealed class MiniDump : IDisposable
    {
        // PROCESS_QUERY_INFORMATION, PROCESS_VM_READ, PROCESS_DUP_HANDLE
        private const uint Access = 0x0400 | 0x0010 | 0x0040;

        // PROCESS_ALL_ACCESS, with which Microsoft's own sample takes snapshots: what less is enough is written nowhere.
        private const uint CloneAccess = 0x001FFFFF;

        // MiniDumpWithFullMemory, WithHandleData, WithUnloadedModules, WithFullMemoryInfo, WithThreadInfo
        private const uint Kind = 0x0002 | 0x0004 | 0x0020 | 0x0800 | 0x1000;

        // MiniDumpIgnoreInaccessibleMemory
        private const uint WithoutUnreadable = 0x00020000;

        // PSS_CAPTURE_VA_CLONE; HANDLES with NAME, BASIC and TYPE_SPECIFIC information; THREADS with CONTEXT and CONTEXT_EXTENDED;
        // PSS_CREATE_BREAKAWAY and BREAKAWAY_OPTIONAL, USE_VM_ALLOCATIONS, RELEASE_SECTION
        private const uint Capture = 0x0001 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0080 | 0x0100 | 0x0200 | 0x04000000 | 0x08000000 | 0x20000000 | 0x80000000;

        private const uint MemoryCommitted = 0x1000;
        private const uint PageNoAccess = 0x01;
        private const uint PageGuard = 0x100;

        private const int CallbackMemory = 5;
        private const int CallbackCancel = 6;
        private const int CallbackKernelDump = 7;
        private const int CallbackRemoveMemory = 9;
        private const int CallbackIsSnapshot = 16;

        private const int InvalidParameter = 87;

        [StructLayout(LayoutKind.Sequential)]
        private struct MemoryInformation
        {
            public IntPtr BaseAddress;
            public IntPtr AllocationBase;
            public uint AllocationProtect;
            public UIntPtr RegionSize;
            public uint State;
            public uint Protect;
            public uint Type;
        }

        // minidumpapiset.h packs its structures to four bytes.
        [StructLayout(LayoutKind.Sequential, Pack = 4)]
        private struct CallbackInformation
        {
            public IntPtr Routine;
            public IntPtr Parameter;
        }

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        private delegate int CallbackRoutine(IntPtr parameter, IntPtr input, IntPtr output);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern IntPtr OpenProcess(uint access, [MarshalAs(UnmanagedType.Bool)] bool inherit, uint processId);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CloseHandle(IntPtr handle);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll")]
        private static extern IntPtr GetCurrentProcess();

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool GetProcessTimes(IntPtr process, out long created, out long exited, out long kernel, out long user);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern UIntPtr VirtualQueryEx(IntPtr process, IntPtr address, out MemoryInformation information, UIntPtr length);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll")]
        private static extern uint PssCaptureSnapshot(IntPtr process, uint flags, uint contextFlags, out IntPtr snapshot);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll")]
        private static extern uint PssFreeSnapshot(IntPtr process, IntPtr snapshot);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("dbghelp.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool MiniDumpWriteDump(IntPtr process, uint processId, SafeFileHandle file, uint kind, IntPtr exception, IntPtr streams, ref CallbackInformation callback);

        private readonly uint id;
        private readonly Stopwatch clock;
        private readonly long until;
        private IntPtr process = IntPtr.Zero;
        private IntPtr snapshot = IntPtr.Zero;

        // Whether the time was used up while it measured or wrote.
        public bool TimeUp { get; private set; }

        // Until: milliseconds on the clock at which writing is given up.
        public MiniDump(int processId, Stopwatch clock, long until)
        {
            id = (uint)processId;
            this.clock = clock;
            this.until = until;
        }

        // 0, or the Win32 error. Started: when the process was created, in the ticks of a FILETIME, or 0 where that is unknown: an id is used
        // again after its process has ended. While the handle is open it is not.
        public int Open(long started, bool toClone)
        {
            process = OpenProcess(toClone ? CloneAccess : Access, false, id);
            if (process == IntPtr.Zero)
            {
                return Marshal.GetLastWin32Error();
            }
            long created, exited, kernel, user;
            if (!GetProcessTimes(process, out created, out exited, out kernel, out user))
            {
                return Marshal.GetLastWin32Error();
            }
            return started != 0 && created != started ? InvalidParameter : 0;
        }

        // Bytes that a full dump would write: all that is committed and can be read. The process goes on running. -1 where nothing can be told.
        public long Measure()
        {
            long bytes = 0;
            ulong address = 0;
            MemoryInformation region;
            UIntPtr length = new UIntPtr((uint)Marshal.SizeOf(typeof(MemoryInformation)));
            while (VirtualQueryEx(process, new IntPtr(unchecked((long)address)), out region, length) != UIntPtr.Zero)
            {
                if (region.State == MemoryCommitted && (region.Protect & (PageNoAccess | PageGuard)) == 0)
                {
                    bytes += (long)region.RegionSize.ToUInt64();
                }
                ulong next = unchecked((ulong)region.BaseAddress.ToInt64()) + region.RegionSize.ToUInt64();
                if (next <= address || (IntPtr.Size == 4 && next > 0x7FFFFFFF))
                {
                    break;
                }
                if (clock.ElapsedMilliseconds > until)
                {
                    TimeUp = true;
                    break;
                }
                address = next;
            }
            return bytes == 0 ? -1 : bytes;
        }

        // 0, or the Win32 error. The process stands still for a moment.
        public int TakeSnapshot(string architecture)
        {
            // CONTEXT_ALL of each processor.
            uint context = architecture == "ARM64" ? 0x0040001Fu : IntPtr.Size == 8 ? 0x0010001Fu : 0x0001003Fu;
            return unchecked((int)PssCaptureSnapshot(process, Capture, context, out snapshot));
        }

        // 0, or the Win32 error or HRESULT of what failed.
        public int Write(SafeFileHandle file, bool withoutUnreadable)
        {
            CallbackRoutine routine = Answer;
            CallbackInformation callback = new CallbackInformation();
            callback.Routine = Marshal.GetFunctionPointerForDelegate(routine);
            IntPtr subject = snapshot == IntPtr.Zero ? process : snapshot;
            bool written = MiniDumpWriteDump(subject, id, file, withoutUnreadable ? Kind | WithoutUnreadable : Kind, IntPtr.Zero, IntPtr.Zero, ref callback);
            int code = written ? 0 : Marshal.GetLastWin32Error();
            GC.KeepAlive(routine);
            // An HRESULT of a Win32 error (facility 7) is that error.
            if ((unchecked((uint)code) & 0xFFFF0000u) == 0x80070000u)
            {
                code = code & 0xFFFF;
            }
            return !written && code == 0 ? -1 : code;
        }

        // MINIDUMP_CALLBACK_INPUT: ProcessId, ProcessHandle, CallbackType, then a union, all packed to four bytes.
        private int Answer(IntPtr parameter, IntPtr input, IntPtr output)
        {
            switch (Marshal.ReadInt32(input, 4 + IntPtr.Size))
            {
                case CallbackMemory:
                case CallbackRemoveMemory:
                case CallbackKernelDump:
                    // Nothing more and nothing less than what the kind of the dump asks for.
                    return 0;
                case CallbackCancel:
                    // CheckCancel: ask again. Cancel: give up.
                    TimeUp = TimeUp || clock.ElapsedMilliseconds > until;
                    Marshal.WriteInt32(output, 0, 1);
                    Marshal.WriteInt32(output, 4, TimeUp ? 1 : 0);
                    return 1;
                case CallbackIsSnapshot:
                    if (snapshot != IntPtr.Zero)
                    {
                        // Status: S_FALSE, the handle is a snapshot. It is left as it is for a process.
                        Marshal.WriteInt32(output, 0, 1);
                    }
                    return 1;
                default:
                    // All others keep what is set already; in particular memory that cannot be read stays a failure, and is never left out
                    // without a word.
                    return 1;
            }
        }

        public void Dispose()
        {
            if (snapshot != IntPtr.Zero)
            {
                PssFreeSnapshot(GetCurrentProcess(), snapshot);
                snapshot = IntPtr.Zero;
            }
            if (process != IntPtr.Zero)
            {
                CloseHandle(process);
                process = IntPtr.Zero;
            }
        }
    }
}
'@

function Initialize-Native {
    try {
        Add-Type -TypeDefinition $NativeSource
    }
    catch {
        throw (New-Failure -Code 12 -Message "Windows' C# compiler (csc.exe, called by Add-Type) could not do its work, which application control or a security product may forbid: $(Get-Reason -Failed $_)")
    }
}

# What went wrong, by its Win32 error.
function New-NativeFailure {
    param([System.Diagnostics.Process] $Target, [int] $Code, [int] $Otherwise, [string] $What)
    $one = "process $($Target.Id) ($($Target.ProcessName))"
    $shown = '0x{0:X8}' -f $Code
    if ($Code -eq 5) {
        return New-Failure -Code 6 -Message "Access to $one is denied: it is protected, or a security product forbids it ($shown)."
    }
    if ($Code -eq 87) {
        return New-Failure -Code 3 -Message "There is no $one any more: it has ended ($shown)."
    }
    if ($Code -eq 112) {
        return New-Failure -Code 7 -Message "The disk was full before the dump was complete ($shown)."
    }
    return New-Failure -Code $Otherwise -Message "$What of $one failed ($shown)."
}

function Open-Target {
    param([object] $Native, [System.Diagnostics.Process] $Target, [bool] $ToClone)
    [long] $started = 0
    try {
        $started = $Target.StartTime.ToFileTimeUtc()
    }
    catch {
        $Notes.Add("note: when process $($Target.Id) was started could not be read")
    }
    $code = $Native.Open($started, $ToClone)
    if ($code -ne 0) {
        throw (New-NativeFailure -Target $Target -Code $code -Otherwise 9 -What 'The look')
    }
}

# The bounds, before the process is touched. Gives what a full dump would write.
function Assert-Bounds {
    param([object] $Native, [System.Diagnostics.Process] $Target, [int] $Megabytes, [int] $Seconds)
    [long] $bytes = $Native.Measure()
    if ($Native.TimeUp) {
        throw (New-Failure -Code 14 -Message "The memory of process $($Target.Id) could not be measured in time. It was not touched.")
    }
    if ($bytes -lt 0) {
        throw (New-Failure -Code 9 -Message "The memory of process $($Target.Id) cannot be measured. It was not touched.")
    }
    $size = Format-Size -Bytes $bytes
    $memory = 'private {0}, working set {1}' -f (Format-Size -Bytes $Target.PrivateMemorySize64), (Format-Size -Bytes $Target.WorkingSet64)
    if ($bytes -gt $Megabytes * [long] $Megabyte) {
        throw (New-Failure -Code 13 -Message "A full dump of $($Target.ProcessName) would have $size ($memory), and -MaxMB allows $Megabytes MB. The process was not touched. A recipe can allow more: Args: '{process} -MaxMB ...'; live response collects 3 GB after compression.")
    }
    [long] $needed = 2 * $bytes + $SpareSpace
    $drive = New-Object -TypeName System.IO.DriveInfo -ArgumentList ([System.IO.Path]::GetPathRoot($OutputFolder))
    if ($drive.AvailableFreeSpace -lt $needed) {
        throw (New-Failure -Code 7 -Message ('The dump and its zip may need {0}, and {1} are free on {2} The process was not touched. Earlier zips in {3} take space too.' -f (Format-Size -Bytes $needed), (Format-Size -Bytes $drive.AvailableFreeSpace), $drive.Name, $OutputFolder))
    }
    [long] $estimate = [System.Math]::Ceiling([double] $bytes / $Megabyte / $SlowestPace)
    if ($estimate -gt $Seconds) {
        throw (New-Failure -Code 14 -Message "A full dump of $($Target.ProcessName) would have $size, which may take $estimate seconds on a slow disk ($SlowestPace MB a second), and -MaxSeconds allows $Seconds. The process was not touched. -MaxSeconds can be up to 480.")
    }
    return $bytes
}

# Writes the dump into a file that Windows removes when it is closed, and gives the open file. Up to two tries: see the head.
function Write-Dump {
    param([object] $Native, [System.Diagnostics.Process] $Target, [string] $Folder)
    for ($try = 1; $true; $try++) {
        $path = [System.IO.Path]::Combine($Folder, "memory-$try.dmp")
        $file = New-Object -TypeName System.IO.FileStream -ArgumentList $path, ([System.IO.FileMode]::CreateNew), ([System.IO.FileAccess]::ReadWrite), ([System.IO.FileShare] 'ReadWrite, Delete'), 4096, ([System.IO.FileOptions]::DeleteOnClose)
        $code = -1
        try {
            $code = $Native.Write($file.SafeFileHandle, $try -gt 1)
        }
        finally {
            if ($code -ne 0) {
                $file.Dispose()
            }
        }
        if ($code -eq 0) {
            if ($try -gt 1) {
                $Notes.Add('note: some memory could not be read (ERROR_PARTIAL_COPY). This is the second try; what could not be read is not in the dump.')
            }
            return $file
        }
        if ($Native.TimeUp) {
            throw (New-Failure -Code 14 -Message "The dump of process $($Target.Id) was not complete after half of -MaxSeconds, and was given up. The process goes on, and nothing of the dump is left.")
        }
        # ERROR_PARTIAL_COPY
        if ($code -ne 299 -or $try -gt 1) {
            throw (New-NativeFailure -Target $Target -Code $code -Otherwise 9 -What 'The dump')
        }
    }
}

function Assert-Time {
    param([long] $Until)
    if ($Clock.ElapsedMilliseconds -gt $Until) {
        throw (New-Failure -Code 14 -Message 'The zip was not complete within -MaxSeconds, and was given up. The process had gone on before; nothing of the dump is left.')
    }
}

# What the dump is of; the hash stands for it in a chain of custody.
function Get-About {
    param([System.Diagnostics.Process] $Target, [hashtable] $Dumped)
    return @(
        'Memory dump, made by minidump.ps1 of live-response-bot'
        "computer      $([System.Environment]::MachineName)"
        "process       $($Target.ProcessName)"
        "process id    $($Target.Id)"
        "started       $($Dumped['Started'])"
        "dumped        $($Dumped['At'])"
        "how           $($Dumped['How'])"
        "dump size     $($Dumped['Bytes']) bytes"
        "dump SHA-256  $($Dumped['Hash'])"
    ) + $Notes.ToArray()
}

# Zips the dump, hashing it on the way, and a note about it. Gives the note.
function Write-Zip {
    param([string] $ZipPath, [string] $DumpPath, [string] $DumpName, [System.Diagnostics.Process] $Target, [hashtable] $Dumped, [long] $Until)
    $hash = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList $ZipPath, ([System.IO.FileMode]::CreateNew), ([System.IO.FileAccess]::ReadWrite), ([System.IO.FileShare]::None)
    try {
        $archive = New-Object -TypeName System.IO.Compression.ZipArchive -ArgumentList $stream, ([System.IO.Compression.ZipArchiveMode]::Create)
        try {
            $content = Open-Shared -Path $DumpPath
            try {
                # Fastest: the whole script has ten minutes.
                $entry = $archive.CreateEntry($DumpName, [System.IO.Compression.CompressionLevel]::Fastest).Open()
                try {
                    $buffer = New-Object -TypeName byte[] -ArgumentList 1048576
                    while (($read = $content.Read($buffer, 0, $buffer.Length)) -gt 0) {
                        Assert-Time -Until $Until
                        if ($stream.Position -gt $LargestCollected) {
                            throw (New-Failure -Code 11 -Message ('The zip has more than {0}, which is the most that live response collects. Nothing of the dump is left.' -f (Format-Size -Bytes $LargestCollected)))
                        }
                        $entry.Write($buffer, 0, $read)
                        [void] $hash.TransformBlock($buffer, 0, $read, $buffer, 0)
                    }
                }
                finally {
                    $entry.Dispose()
                }
                $Dumped['Bytes'] = $content.Length
            }
            finally {
                $content.Dispose()
            }
            [void] $hash.TransformFinalBlock($buffer, 0, 0)
            $Dumped['Hash'] = [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
            $about = Get-About -Target $Target -Dumped $Dumped
            $writer = New-Object -TypeName System.IO.StreamWriter -ArgumentList ($archive.CreateEntry($AboutName).Open())
            try {
                foreach ($line in $about) {
                    $writer.WriteLine($line)
                }
            }
            finally {
                $writer.Dispose()
            }
            return $about
        }
        finally {
            $archive.Dispose()
        }
    }
    finally {
        $stream.Dispose()
        $hash.Dispose()
    }
}

$exitCode = 1
$workFolder = $null
$native = $null
$dump = $null
$zipPath = ''
$moved = ''
try {
    Assert-Environment
    Get-VersionNote | ForEach-Object -Process { $Notes.Add($_) }
    Assert-Name -Name $Process -Rest $Unexpected
    $megabytes = Read-Bound -Name '-MaxMB' -Given $MaxMB -Least 1 -Most 65536
    $seconds = Read-Bound -Name '-MaxSeconds' -Given $MaxSeconds -Least 30 -Most 480
    Add-Type -AssemblyName System.IO.Compression
    Add-Type -AssemblyName System.IO.Compression.FileSystem

    $dumpName = $Process + '.dmp'
    $zipPath = [System.IO.Path]::Combine($OutputFolder, $dumpName + '.zip')
    $moved = [string] (Clear-Place -Path $zipPath -DumpName $dumpName)
    Remove-Leftovers | ForEach-Object -Process { $Notes.Add($_) }
    $target = Find-Target -Name $Process
    Initialize-Native
    $native = New-Object -TypeName LiveResponseBot.MiniDump -ArgumentList $target.Id, $Clock, (500 * [long] $seconds)
    Open-Target -Native $native -Target $target -ToClone $Snapshot.IsPresent
    [void] (Assert-Bounds -Native $native -Target $target -Megabytes $megabytes -Seconds $seconds)
    $dumped = @{ Started = Get-Started -Target $target; How = 'of the process, which stood still meanwhile' }

    $workFolder = New-WorkFolder
    $madePath = [System.IO.Path]::Combine($workFolder, 'memory.zip')
    if ($Snapshot.IsPresent) {
        try {
            $code = $native.TakeSnapshot([string] $env:PROCESSOR_ARCHITECTURE)
        }
        catch {
            throw (New-Failure -Code 15 -Message "This Windows makes no snapshots: $(Get-Reason -Failed $_) The process went on running. Ask again without -Snapshot.")
        }
        if ($code -ne 0) {
            throw (New-Failure -Code 15 -Message ('There can be no snapshot of process {0} (0x{1:X8}). It went on running. Ask again without -Snapshot.' -f $target.Id, $code))
        }
        $dumped['How'] = 'of a snapshot; the process stood still for the moment of taking it'
    }
    $dumped['At'] = [System.DateTime]::UtcNow.ToString('yyyy-MM-dd HH:mm:ss', [System.Globalization.CultureInfo]::InvariantCulture) + ' UTC'
    $before = $Clock.ElapsedMilliseconds
    $dump = Write-Dump -Native $native -Target $target -Folder $workFolder
    $dumped['How'] = '{0}; written in {1} seconds' -f $dumped['How'], [long] [System.Math]::Ceiling(($Clock.ElapsedMilliseconds - $before) / 1000)
    # The handle, and the clone of a snapshot with its memory, are not needed any more.
    $native.Dispose()
    try {
        $about = Write-Zip -ZipPath $madePath -DumpPath $dump.Name -DumpName $dumpName -Target $target -Dumped $dumped -Until (1000 * [long] $seconds)
    }
    catch {
        if ($_.Exception.Data.Contains('ExitCode')) {
            throw
        }
        throw (New-Failure -Code 10 -Message "The zip could not be made: $(Get-Reason -Failed $_)")
    }
    $size = (New-Object -TypeName System.IO.FileInfo -ArgumentList $madePath).Length
    if ($size -gt $LargestCollected) {
        throw (New-Failure -Code 11 -Message ('The zip has {0}, and live response collects at most {1}.' -f (Format-Size -Bytes $size), (Format-Size -Bytes $LargestCollected)))
    }
    try {
        # A move fails where a file of this name has appeared meanwhile, and follows no link.
        [System.IO.File]::Move($madePath, $zipPath)
    }
    catch {
        throw (New-Failure -Code 8 -Message "$zipPath could not be put in its place: $(Get-Reason -Failed $_)")
    }
    Write-Output -InputObject $zipPath
    Write-Output -InputObject (Format-Size -Bytes $size)
    Write-Output -InputObject "zip SHA-256   $(Get-Sum -Path $zipPath -Clock $Clock)"
    Write-Output -InputObject $about
    $exitCode = 0
}
catch {
    $exitCode = 1
    if ($_.Exception.Data.Contains('ExitCode')) {
        $exitCode = [int] $_.Exception.Data['ExitCode']
    }
    Write-Error -Message $_.Exception.Message -ErrorAction Continue
    Write-Output -InputObject $Notes.ToArray()
}
finally {
    if ($null -ne $native) {
        $native.Dispose()
    }
    if ($null -ne $dump) {
        # Windows removes the raw dump with this.
        $dump.Dispose()
    }
    if ($null -ne $workFolder) {
        try {
            Remove-WorkFolder -Path $workFolder
        }
        catch {
            Write-Warning -Message "The folder $workFolder could not be removed, and may hold the dump: $($_.Exception.Message)"
        }
    }
}
try {
    if ($zipPath -ne '') {
        Get-Earlier -Path $zipPath -Moved $moved -Clock $Clock
    }
}
catch {
    Write-Warning -Message "What lies in $OutputFolder of earlier runs could not be read: $($_.Exception.Message)"
}
exit $exitCode
