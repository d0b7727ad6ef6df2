#Requires -Version 5.1
<#
.SYNOPSIS
Writes a full memory dump of one process and leaves it as a zip where the recipe "dump" of live-response-bot collects it.

.DESCRIPTION
For the live response library of Microsoft Defender for Endpoint; runs as SYSTEM in Windows PowerShell 5.1.

    RunScript  minidump.ps1   OfficeClickToRun
    GetFile    C:\windows\TEMP\OfficeClickToRun.dmp.zip

The argument is the name of a process, with or without ".exe", or a process id. It stands in the name of the zip exactly as it was given,
because the recipe collects that very path. On success the output begins with two lines: the path of the zip, and its size.

What happens on the device:
 1. A zip that this script left there before is removed, so that a failed run can never be followed by the collection of an old dump.
 2. A folder with a random name is made in C:\windows\TEMP, open to SYSTEM and Administrators alone. The dump is written there by
    MiniDumpWriteDump of Windows' own dbghelp.dll; the process stands still while it is written. No other program is started to write it.
 3. The dump and a note about it (about.txt) are zipped, the zip is moved to its place, and the folder and the dump are removed.
    The zip keeps the folder's rights: nobody but SYSTEM and Administrators can read it. It stays until it is removed or made again.
A file of the zip's name that this script did not make is never touched.

Nobody's credentials are collected by accident: LSASS and its isolated twin are refused, by name and by id.

.PARAMETER Process
Letters, digits, "_", "-" and ".", at most 64, beginning with a letter, digit or "_", not ending with ".", without "..".
Only digits are a process id.

.NOTES
Exit codes:
   0  the zip is at its place
   1  something unexpected happened; the error says what
   2  the argument is missing, is not a process name or id, or is not the only one
   3  there is no such process
   4  several processes have this name; their ids are listed, ask again with one of them
   5  this process is refused (LSASS)
   6  access denied: the process is protected, or a security product forbids it
   7  there is not enough free space for the dump and its zip
   8  a file that this script did not make is in the zip's place
   9  the dump could not be written
  10  the zip could not be made
  11  the zip is larger than live response can collect (3 GB)
  12  this PowerShell cannot do it: constrained language mode, or 32 bits on a 64-bit Windows
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [AllowEmptyString()]
    [string] $Process = '',

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
# SYSTEM and the Administrators group.
$TrustedSids = @('S-1-5-18', 'S-1-5-32-544')
# "getfile: 3 GB" (learn.microsoft.com/defender-endpoint/live-response, limitations).
$LargestCollected = 3GB
# Beside twice the memory of the process: room for the system to go on.
$SpareSpace = 512MB
$Megabyte = 1MB

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
    if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
        throw (New-Failure -Code 12 -Message 'PowerShell runs in constrained language mode here. Sign this script with a certificate that the application control policy of the device trusts.')
    }
    if ([System.Environment]::Is64BitOperatingSystem -and -not [System.Environment]::Is64BitProcess) {
        throw (New-Failure -Code 12 -Message 'This is a 32-bit PowerShell on a 64-bit Windows, which does not see 64-bit processes, files and registry as they are.')
    }
}

function Assert-Name {
    param([string] $Name, [string[]] $Rest)
    if ($Name -eq '') {
        throw (New-Failure -Code 2 -Message 'The name or id of a process is missing.')
    }
    if ($Rest.Count -gt 0) {
        throw (New-Failure -Code 2 -Message 'There is more than one argument. Give the name or id of one process.')
    }
    if ($Name -cnotmatch $NamePattern -or $Name.Contains('..') -or $Name -match $DevicePattern) {
        throw (New-Failure -Code 2 -Message 'This is not the name or id of a process. Letters, digits, "_", "-" and "." are allowed, at most 64, without a path or wildcards.')
    }
}

# The one process that is meant.
function Find-Target {
    param([string] $Name)
    if ($Name -cmatch '\A[0-9]{1,9}\z') {
        $found = @(Get-Process -Id ([int] $Name) -ErrorAction SilentlyContinue)
    }
    else {
        $found = @(Get-Process -Name ($Name -ireplace '\.exe\z', '') -ErrorAction SilentlyContinue)
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

# Makes the zip's place free, or says who is in it.
function Clear-Place {
    param([string] $Path, [string] $DumpName)
    if (-not (Test-Path -LiteralPath $Path)) {
        return
    }
    if (-not (Test-OwnZip -Path $Path -DumpName $DumpName)) {
        throw (New-Failure -Code 8 -Message "$Path is there already and was not made by this script. Look at it, and move it away.")
    }
    [System.IO.File]::Delete($Path)
}

# Removes the files that this script makes in a work folder, and the folder if nothing else is in it. Never follows anything below it.
function Remove-WorkFolder {
    param([string] $Path)
    foreach ($file in [System.IO.Directory]::GetFiles($Path)) {
        [System.IO.File]::Delete($file)
    }
    [System.IO.Directory]::Delete($Path)
}

# A run that was cut off at the time limit of ten minutes leaves its folder behind, with the dump in it.
function Remove-Leftovers {
    $anHourAgo = [System.DateTime]::UtcNow.AddHours(-1)
    foreach ($folder in [System.IO.Directory]::GetDirectories($OutputFolder, $WorkPrefix + '*')) {
        try {
            if ([System.IO.Directory]::GetLastWriteTimeUtc($folder) -lt $anHourAgo -and (Test-Trusted -Path $folder)) {
                Remove-WorkFolder -Path $folder
            }
        }
        catch {
            Write-Warning -Message "The folder $folder of an earlier run could not be removed: $($_.Exception.Message)"
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

function Assert-Space {
    param([System.Diagnostics.Process] $Target)
    [long] $memory = [System.Math]::Max([long] $Target.PrivateMemorySize64, [long] $Target.WorkingSet64)
    [long] $needed = 2 * $memory + $SpareSpace
    $drive = New-Object -TypeName System.IO.DriveInfo -ArgumentList ([System.IO.Path]::GetPathRoot($OutputFolder))
    if ($drive.AvailableFreeSpace -lt $needed) {
        throw (New-Failure -Code 7 -Message ('The dump and its zip may need {0}, and {1} are free on {2}' -f (Format-Size -Bytes $needed), (Format-Size -Bytes $drive.AvailableFreeSpace), $drive.Name))
    }
}

# OpenProcess with the least rights that a full dump with handles needs, and MiniDumpWriteDump. System32 alone is searched for both.
$NativeSource = @'
using System;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LiveResponseBot
{
    public static class MiniDump
    {
        // PROCESS_QUERY_INFORMATION, PROCESS_VM_READ, PROCESS_DUP_HANDLE
        private const uint Access = 0x0400 | 0x0010 | 0x0040;

        // MiniDumpWithFullMemory, WithHandleData, WithUnloadedModules, WithFullMemoryInfo, WithThreadInfo
        private const uint Kind = 0x0002 | 0x0004 | 0x0020 | 0x0800 | 0x1000;

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern IntPtr OpenProcess(uint access, [MarshalAs(UnmanagedType.Bool)] bool inherit, uint processId);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CloseHandle(IntPtr handle);

        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [DllImport("dbghelp.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool MiniDumpWriteDump(IntPtr process, uint processId, SafeFileHandle file, uint kind, IntPtr exception, IntPtr streams, IntPtr callback);

        // 0, or the Win32 error or HRESULT of what failed.
        public static int Write(uint processId, SafeFileHandle file)
        {
            IntPtr process = OpenProcess(Access, false, processId);
            if (process == IntPtr.Zero)
            {
                return Marshal.GetLastWin32Error();
            }
            try
            {
                return MiniDumpWriteDump(process, processId, file, Kind, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero) ? 0 : Marshal.GetLastWin32Error();
            }
            finally
            {
                CloseHandle(process);
            }
        }
    }
}
'@

function Write-Dump {
    param([System.Diagnostics.Process] $Target, [string] $Path)
    Add-Type -TypeDefinition $NativeSource
    $file = New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([System.IO.FileMode]::CreateNew), ([System.IO.FileAccess]::ReadWrite), ([System.IO.FileShare]::None)
    try {
        $code = [LiveResponseBot.MiniDump]::Write([uint32] $Target.Id, $file.SafeFileHandle)
    }
    finally {
        $file.Dispose()
    }
    # The low half of an HRESULT of a Win32 error is that error.
    $win32 = $code -band 0xFFFF
    $shown = '0x{0:X8}' -f $code
    switch ($win32) {
        0 { if ($code -eq 0) { return } }
        5 { throw (New-Failure -Code 6 -Message "Access to process $($Target.Id) ($($Target.ProcessName)) is denied: it is protected, or a security product forbids it ($shown).") }
        87 { throw (New-Failure -Code 3 -Message "Process $($Target.Id) ($($Target.ProcessName)) has ended ($shown).") }
        112 { throw (New-Failure -Code 7 -Message "The disk was full before the dump was complete ($shown).") }
    }
    throw (New-Failure -Code 9 -Message "The dump of process $($Target.Id) ($($Target.ProcessName)) could not be written ($shown).")
}

# What the dump is of; the hash stands for it in a chain of custody.
function Get-About {
    param([System.Diagnostics.Process] $Target, [string] $DumpPath)
    $hash = (Get-FileHash -LiteralPath $DumpPath -Algorithm SHA256).Hash.ToLowerInvariant()
    $now = [System.DateTime]::UtcNow.ToString('yyyy-MM-dd HH:mm:ss', [System.Globalization.CultureInfo]::InvariantCulture)
    return @(
        'Memory dump, made by minidump.ps1 of live-response-bot'
        "computer      $([System.Environment]::MachineName)"
        "process       $($Target.ProcessName)"
        "process id    $($Target.Id)"
        "started       $(Get-Started -Target $Target)"
        "dumped        $now UTC"
        "dump size     $((New-Object -TypeName System.IO.FileInfo -ArgumentList $DumpPath).Length) bytes"
        "dump SHA-256  $hash"
    )
}

function Write-Zip {
    param([string] $ZipPath, [string] $DumpPath, [string] $DumpName, [string] $AboutPath)
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList $ZipPath, ([System.IO.FileMode]::CreateNew), ([System.IO.FileAccess]::ReadWrite), ([System.IO.FileShare]::None)
    try {
        $archive = New-Object -TypeName System.IO.Compression.ZipArchive -ArgumentList $stream, ([System.IO.Compression.ZipArchiveMode]::Create)
        try {
            # Fastest: the whole script has ten minutes.
            [void] [System.IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $AboutPath, $AboutName, [System.IO.Compression.CompressionLevel]::Fastest)
            [void] [System.IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $DumpPath, $DumpName, [System.IO.Compression.CompressionLevel]::Fastest)
        }
        finally {
            $archive.Dispose()
        }
    }
    finally {
        $stream.Dispose()
    }
}

$exitCode = 1
$workFolder = $null
try {
    Assert-Environment
    Assert-Name -Name $Process -Rest $Unexpected
    Add-Type -AssemblyName System.IO.Compression
    Add-Type -AssemblyName System.IO.Compression.FileSystem

    $dumpName = $Process + '.dmp'
    $zipPath = [System.IO.Path]::Combine($OutputFolder, $dumpName + '.zip')
    Clear-Place -Path $zipPath -DumpName $dumpName
    Remove-Leftovers
    $target = Find-Target -Name $Process
    Assert-Space -Target $target

    $workFolder = New-WorkFolder
    $dumpPath = [System.IO.Path]::Combine($workFolder, 'memory.dmp')
    $aboutPath = [System.IO.Path]::Combine($workFolder, $AboutName)
    $madePath = [System.IO.Path]::Combine($workFolder, 'memory.zip')
    Write-Dump -Target $target -Path $dumpPath
    $about = Get-About -Target $target -DumpPath $dumpPath
    try {
        [System.IO.File]::WriteAllLines($aboutPath, [string[]] $about)
        Write-Zip -ZipPath $madePath -DumpPath $dumpPath -DumpName $dumpName -AboutPath $aboutPath
    }
    catch {
        throw (New-Failure -Code 10 -Message "The zip could not be made: $($_.Exception.Message)")
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
        throw (New-Failure -Code 8 -Message "$zipPath could not be put in its place: $($_.Exception.Message)")
    }
    Write-Output -InputObject $zipPath
    Write-Output -InputObject (Format-Size -Bytes $size)
    Write-Output -InputObject $about
    $exitCode = 0
}
catch {
    $exitCode = 1
    if ($_.Exception.Data.Contains('ExitCode')) {
        $exitCode = [int] $_.Exception.Data['ExitCode']
    }
    Write-Error -Message $_.Exception.Message -ErrorAction Continue
}
finally {
    if ($null -ne $workFolder) {
        try {
            Remove-WorkFolder -Path $workFolder
        }
        catch {
            Write-Warning -Message "The folder $workFolder could not be removed, and may hold the dump: $($_.Exception.Message)"
        }
    }
}
exit $exitCode
