<#
.SYNOPSIS
Collects a triage package of the device and leaves it as a zip where the recipe "collect" of live-response-bot collects it.

.DESCRIPTION
For the live response library of Microsoft Defender for Endpoint; runs as SYSTEM in Windows PowerShell 5.1. Takes no arguments. PowerShell 4.0,
which Server 2012 R2 has when it is delivered, is enough; the output says so then. There is no "#Requires" line, because all that a responder
would see of it is a script that did not run.

    RunScript  collect.ps1
    GetFile    C:\windows\TEMP\collect.zip

On success the output begins with two lines: the path of the zip, and its size. Then come its SHA-256, what was collected, and what was not.
Every file that is left on the device is named with its SHA-256, also when the script fails.

What the zip holds, in the order in which it is collected (what vanishes first comes first):
    network/     TCP connections, UDP endpoints, DNS cache, neighbors (ARP), routes, addresses, DNS servers, SMB sessions and connections, hosts file
    sessions/    logon sessions and their accounts
    processes/   processes with command line, owner, and SHA-256 of the image
    system/      operating system, computer, installed updates
    autoruns/    Run keys and their like of the machine and of every user whose registry is loaded, services, WMI event consumers, startup folders
    tasks/       the files of the scheduled tasks, and tasks.csv with what each does
    drivers/     drivers
    prefetch/    prefetch files, and prefetch.csv with their times
    eventlogs/   event logs: Security, System, Application, PowerShell, Defender, Task Scheduler, Sysmon and some more
    manifest.csv every file with size and SHA-256, and everything that is absent, cut off or failed, with the reason
    about.txt    the summary that is also the script's output
Tables are CSV in UTF-8, times are UTC. They hold texts that an attacker may have chosen: do not let a spreadsheet take them for formulas.

What happens on the device:
 1. A zip that this script left there before is renamed aside ("collect.earlier-<UTC>.zip"), so that a failed run can never be followed by the
    collection of an old package. It is never deleted: after a GetFile that failed it may be the only copy. The output names it, and how many
    lie there.
 2. A folder with a random name is made in C:\windows\TEMP, open to SYSTEM and Administrators alone. The zip is written there.
 3. Parts are collected one after the other. Each has its time, all together have eight of the ten minutes that live response gives.
    A part that fails or takes too long is noted and never stops the others.
 4. The zip is moved to its place and the folder is removed. The zip keeps the folder's rights: nobody but SYSTEM and Administrators can
    read it. It stays until somebody removes it.
A file of the zip's name that this script did not make is never touched. Nothing on the device is changed, and no link is followed.
The one program that is started is Windows' own wevtutil.exe, because an export of a log can be ended only together with its process.

Nothing that holds credentials is collected on purpose: no memory, no registry hives, no browser data. Command lines, script blocks in the
PowerShell log and task files can hold passwords that somebody typed there.

.NOTES
Exit codes:
   0  the zip is at its place; parts that failed are listed in the output and in manifest.csv
   1  something unexpected happened; the error says what
   2  there is an argument, and this script takes none
   7  there is not enough free space for the package
   8  a file that this script did not make is in the zip's place, or the zip there could not be renamed aside
   9  nothing could be collected
  10  the zip could not be made
  11  the zip is larger than live response can collect (3 GB)
  12  this PowerShell cannot do it: constrained language mode, 32 bits on a 64-bit Windows, or older than 4.0
#>
[CmdletBinding()]
param(
    [Parameter(ValueFromRemainingArguments = $true)]
    [string[]] $Unexpected = @()
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# The folder of the recipe, by its literal path: the TEMP of the environment could be another one.
$OutputFolder = 'C:\windows\TEMP'
$ZipName = 'collect.zip'
$WorkPrefix = 'lr-collect-'
$AboutName = 'about.txt'
# The first line of about.txt, by which the script knows its own zip again.
$AboutTitle = 'Triage package, made by collect.ps1 of live-response-bot'
# SYSTEM and the Administrators group.
$TrustedSids = @('S-1-5-18', 'S-1-5-32-544')
# "getfile: 3 GB" (learn.microsoft.com/defender-endpoint/live-response, limitations).
$LargestCollected = 3GB
# What is read in all, before it is zipped: never more than the zip may have, whatever it compresses to.
$LargestTotal = 2GB
# An event log; a larger one is exported in part. Any other file is far smaller.
$LargestLog = 512MB
$LargestFile = 8MB
$LargestImage = 256MB
$MostRows = 10000
$MostFiles = 5000
# Below this, a package is not worth having.
$LeastTotal = 128MB
# Room for the system to go on.
$SpareSpace = 512MB
$Megabyte = 1MB
# All parts together; a script of live response is ended after ten minutes, and the zip must still be closed, hashed and moved.
$TotalSeconds = 480
# The last seconds of those ten minutes are for removing the folder.
$LastSecond = 570
$LeastVersion = '4.0'
$WrittenFor = '5.1'
$System32 = [System.Environment]::SystemDirectory
$WevtutilPath = [System.IO.Path]::Combine($System32, 'wevtutil.exe')
# ERROR_EVT_CHANNEL_NOT_FOUND
$ChannelNotFound = 15007

# Where the run stands: what the functions below share.
$Run = @{
    Clock    = [System.Diagnostics.Stopwatch]::StartNew()
    PartEnds = [long] 0
    Part     = ''
    Left     = [long] 0
    Archive  = $null
    Folder   = ''
    Records  = New-Object -TypeName System.Collections.Generic.List[object]
}

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

# The innermost message of an error, as one line.
function Get-Reason {
    param([System.Management.Automation.ErrorRecord] $Failed)
    return $Failed.Exception.GetBaseException().Message -replace '\s+', ' '
}

function Get-UtcText {
    return [System.DateTime]::UtcNow.ToString('yyyy-MM-dd HH:mm:ss', [System.Globalization.CultureInfo]::InvariantCulture) + ' UTC'
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

function Test-Trusted {
    param([string] $Path)
    $attributes = [System.IO.File]::GetAttributes($Path)
    if (($attributes -band [System.IO.FileAttributes]::ReparsePoint) -ne 0) {
        return $false
    }
    $owner = (Get-Acl -LiteralPath $Path).GetOwner([System.Security.Principal.SecurityIdentifier])
    return $TrustedSids -contains $owner.Value
}

# Whether a file is a zip that this script made: owned by SYSTEM or Administrators, with an about.txt that begins as it should.
function Test-OwnPackage {
    param([string] $Path)
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
        $about = $archive.GetEntry($AboutName)
        if ($null -eq $about) {
            return $false
        }
        $reader = New-Object -TypeName System.IO.StreamReader -ArgumentList ($about.Open())
        try {
            $start = New-Object -TypeName char[] -ArgumentList $AboutTitle.Length
            $count = $reader.ReadBlock($start, 0, $start.Length)
            return (-join $start[0..($count - 1)]) -ceq $AboutTitle
        }
        finally {
            $reader.Dispose()
        }
    }
    catch {
        return $false
    }
    finally {
        $archive.Dispose()
    }
}

# Makes the zip's place free, or says who is in it. Gives the new path of a zip that was renamed aside.
function Clear-PackagePlace {
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) {
        return
    }
    if (-not (Test-OwnPackage -Path $Path)) {
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

# How many bytes this run may read: half of what is free, because an event log lies beside the zip for a while.
function Get-Allowance {
    $drive = New-Object -TypeName System.IO.DriveInfo -ArgumentList ([System.IO.Path]::GetPathRoot($OutputFolder))
    [long] $half = [System.Math]::Floor([double] ($drive.AvailableFreeSpace - $SpareSpace) / 2)
    if ($half -lt $LeastTotal) {
        throw (New-Failure -Code 7 -Message ('The package needs {0} to be free, and {1} are free on {2}' -f (Format-Size -Bytes (2 * $LeastTotal + $SpareSpace)), (Format-Size -Bytes $drive.AvailableFreeSpace), $drive.Name))
    }
    return [System.Math]::Min($half, [long] $LargestTotal)
}

# One line of manifest.csv. Result: ok, partial (cut off), absent (there is no such thing on this device) or failed.
function Add-Record {
    param([string] $Entry, [string] $Result, [string] $Why = '', [string] $Source = '', [long] $Bytes = 0, [string] $Hash = '')
    $Run['Records'].Add([pscustomobject] @{ Part = $Run['Part']; Entry = $Entry; Result = $Result; Bytes = $Bytes; Sha256 = $Hash; Source = $Source; Why = $Why })
}

# Milliseconds that the current part has left. Throws when there are none.
function Get-TimeLeft {
    [long] $left = $Run['PartEnds'] - $Run['Clock'].ElapsedMilliseconds
    if ($left -le 0) {
        throw (New-Object -TypeName System.TimeoutException -ArgumentList 'The time of this part was used up.')
    }
    return $left
}

# Runs one part within its time and within the time of all. The names of the parameters are this function's alone: the block sees them.
function Invoke-Part {
    param([string] $PartName, [int] $PartSeconds, [scriptblock] $PartAction)
    [long] $now = $Run['Clock'].ElapsedMilliseconds
    $Run['Part'] = $PartName
    $Run['PartEnds'] = [System.Math]::Min($now + 1000 * [long] $PartSeconds, 1000 * [long] $TotalSeconds)
    try {
        $null = & $PartAction
    }
    catch {
        Add-Record -Entry "$PartName/" -Result 'failed' -Why (Get-Reason -Failed $_)
    }
}

# Copies a stream into the zip, hashing it on the way, until its end, its limit, the limit of all or the end of the part's time.
function Add-Stream {
    param([string] $Entry, [System.IO.Stream] $Content, [long] $Limit, [System.DateTime] $Modified, [string] $Source, [string] $Why = '')
    $made = $Run['Archive'].CreateEntry($Entry, [System.IO.Compression.CompressionLevel]::Fastest)
    # The years that a zip can hold; a file's time can be set to any other.
    if ($Modified.Year -ge 1980 -and $Modified.Year -le 2107) {
        $made.LastWriteTime = New-Object -TypeName System.DateTimeOffset -ArgumentList $Modified
    }
    $buffer = New-Object -TypeName byte[] -ArgumentList 131072
    [long] $copied = 0
    # This implementation is the one that Windows in FIPS mode allows too.
    $hash = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
    $target = $made.Open()
    try {
        try {
            while (($read = $Content.Read($buffer, 0, $buffer.Length)) -gt 0) {
                if ($copied + $read -gt $Limit) {
                    throw (New-Object -TypeName System.IO.InvalidDataException -ArgumentList ('Cut off: this may have {0} at most.' -f (Format-Size -Bytes $Limit)))
                }
                if ($read -gt $Run['Left']) {
                    throw (New-Object -TypeName System.IO.InvalidDataException -ArgumentList 'Cut off: the package has its whole size.')
                }
                [void] (Get-TimeLeft)
                $target.Write($buffer, 0, $read)
                [void] $hash.TransformBlock($buffer, 0, $read, $buffer, 0)
                $copied += $read
                $Run['Left'] -= $read
            }
        }
        catch {
            $Why = (@($Why, (Get-Reason -Failed $_)) -ne '') -join ' '
        }
        [void] $hash.TransformFinalBlock($buffer, 0, 0)
        $sum = [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
    }
    finally {
        $target.Dispose()
        $hash.Dispose()
    }
    $result = 'ok'
    if ($Why -ne '') {
        $result = 'partial'
    }
    Add-Record -Entry $Entry -Result $result -Why $Why -Source $Source -Bytes $copied -Hash $sum
}

function Save-File {
    param([string] $Entry, [string] $Path, [long] $Limit, [string] $Source = $Path, [string] $Why = '')
    try {
        $file = New-Object -TypeName System.IO.FileInfo -ArgumentList $Path
        if (-not $file.Exists) {
            Add-Record -Entry $Entry -Result 'absent' -Source $Source
            return
        }
        if (($file.Attributes -band ([System.IO.FileAttributes] 'ReparsePoint, Offline')) -ne 0) {
            Add-Record -Entry $Entry -Result 'failed' -Source $Source -Why 'This is a link or lies in a cloud, and is not followed.'
            return
        }
        $content = Open-Shared -Path $Path
        try {
            Add-Stream -Entry $Entry -Content $content -Limit $Limit -Modified $file.LastWriteTimeUtc -Source $Source -Why $Why
        }
        finally {
            $content.Dispose()
        }
    }
    catch {
        Add-Record -Entry $Entry -Result 'failed' -Source $Source -Why (Get-Reason -Failed $_)
    }
}

# One cell of a table: times in UTC, lists with "; " between, bytes in hexadecimal, everything else as it is.
function Format-Cell {
    param([object] $Value)
    if ($null -eq $Value) {
        return '""'
    }
    if ($Value -is [System.DateTime]) {
        $text = $Value.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
    }
    elseif ($Value -is [byte[]]) {
        $text = [System.BitConverter]::ToString($Value).Replace('-', '')
    }
    elseif ($Value -is [System.Array]) {
        $text = $Value -join '; '
    }
    else {
        $text = [string] $Value
    }
    return '"' + $text.Replace('"', '""') + '"'
}

# A table as CSV in UTF-8, with the mark by which spreadsheets know UTF-8. Its first line is there even when no other is.
function Save-Rows {
    param([string] $Entry, [string[]] $Property, [object[]] $Rows = @(), [string] $Source = '', [string] $Why = '')
    try {
        $memory = New-Object -TypeName System.IO.MemoryStream
        $writer = New-Object -TypeName System.IO.StreamWriter -ArgumentList $memory, (New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $true)
        $writer.WriteLine('"' + ($Property -join '","') + '"')
        foreach ($row in $Rows) {
            $cells = foreach ($name in $Property) {
                $cell = $row.PSObject.Properties[$name]
                if ($null -eq $cell) { '""' } else { Format-Cell -Value $cell.Value }
            }
            $writer.WriteLine($cells -join ',')
        }
        $writer.Flush()
        $memory.Position = 0
        Add-Stream -Entry $Entry -Content $memory -Limit $LargestLog -Modified ([System.DateTime]::UtcNow) -Source $Source -Why $Why
    }
    catch {
        Add-Record -Entry $Entry -Result 'failed' -Source $Source -Why (Get-Reason -Failed $_)
    }
}

# Runs one cmdlet beside this script and waits for half of the part's time at most: a cmdlet that hangs, as those that ask a broken WMI do,
# must not take everything else with it. Gives Rows, which hold the named properties alone, and Why, which tells of errors beside them.
function Invoke-Bounded {
    param([string] $Command, [hashtable] $Parameters, [string[]] $Property)
    [int] $longest = [System.Math]::Floor([double] (Get-TimeLeft) / 2)
    $shell = [System.Management.Automation.PowerShell]::Create()
    [void] $shell.AddCommand($Command)
    foreach ($name in $Parameters.Keys) {
        [void] $shell.AddParameter($name, $Parameters[$name])
    }
    # One more than are kept, so that it shows when there are more.
    [void] $shell.AddCommand('Select-Object').AddParameter('Property', $Property).AddParameter('First', $MostRows + 1)
    $running = $shell.BeginInvoke()
    if (-not $running.AsyncWaitHandle.WaitOne($longest)) {
        # Neither waited for nor disposed of: both would wait for the cmdlet that does not answer.
        [void] $shell.BeginStop($null, $null)
        throw (New-Object -TypeName System.TimeoutException -ArgumentList "$Command did not answer within $longest milliseconds.")
    }
    $why = ''
    try {
        $rows = @($shell.EndInvoke($running))
        if ($shell.Streams.Error.Count -gt 0) {
            $why = Get-Reason -Failed $shell.Streams.Error[0]
        }
    }
    finally {
        $shell.Dispose()
    }
    if ($rows.Count -eq 0 -and $why -ne '') {
        throw (New-Object -TypeName System.InvalidOperationException -ArgumentList $why)
    }
    if ($rows.Count -gt $MostRows) {
        $rows = $rows[0..($MostRows - 1)]
        $why = "Cut off: there are more than $MostRows. $why".TrimEnd()
    }
    return [pscustomobject] @{ Rows = $rows; Why = $why }
}

# What one cmdlet gives, as a table.
function Save-Command {
    param([string] $Entry, [string] $Command, [string[]] $Property, [hashtable] $Parameters = @{})
    $source = $Command
    if ($Parameters.ContainsKey('ClassName')) {
        $source = "$Command $($Parameters['ClassName'])"
    }
    try {
        $given = Invoke-Bounded -Command $Command -Parameters $Parameters -Property $Property
        Save-Rows -Entry $Entry -Property $Property -Rows $given.Rows -Source $source -Why $given.Why
    }
    catch {
        Add-Record -Entry $Entry -Result 'failed' -Source $source -Why (Get-Reason -Failed $_)
    }
}

function Save-Network {
    Save-Command -Entry 'network/tcp.csv' -Command 'Get-NetTCPConnection' -Property 'LocalAddress', 'LocalPort', 'RemoteAddress', 'RemotePort', 'State', 'OwningProcess', 'CreationTime'
    Save-Command -Entry 'network/udp.csv' -Command 'Get-NetUDPEndpoint' -Property 'LocalAddress', 'LocalPort', 'OwningProcess', 'CreationTime'
    Save-Command -Entry 'network/dns-cache.csv' -Command 'Get-DnsClientCache' -Property 'Entry', 'Name', 'Type', 'Status', 'Section', 'TimeToLive', 'Data'
    Save-Command -Entry 'network/neighbors.csv' -Command 'Get-NetNeighbor' -Property 'InterfaceIndex', 'InterfaceAlias', 'IPAddress', 'LinkLayerAddress', 'State'
    Save-Command -Entry 'network/routes.csv' -Command 'Get-NetRoute' -Property 'InterfaceIndex', 'InterfaceAlias', 'DestinationPrefix', 'NextHop', 'RouteMetric', 'Protocol', 'Store'
    Save-Command -Entry 'network/addresses.csv' -Command 'Get-NetIPAddress' -Property 'InterfaceIndex', 'InterfaceAlias', 'IPAddress', 'PrefixLength', 'PrefixOrigin', 'AddressState'
    Save-Command -Entry 'network/dns-servers.csv' -Command 'Get-DnsClientServerAddress' -Property 'InterfaceIndex', 'InterfaceAlias', 'ServerAddresses'
    Save-Command -Entry 'network/smb-sessions.csv' -Command 'Get-SmbSession' -Property 'ClientComputerName', 'ClientUserName', 'NumOpens', 'SecondsExists', 'SecondsIdle', 'Dialect'
    Save-Command -Entry 'network/smb-connections.csv' -Command 'Get-SmbConnection' -Property 'ServerName', 'ShareName', 'UserName', 'Credential', 'Dialect', 'NumOpens'
    Save-File -Entry 'network/hosts' -Path ([System.IO.Path]::Combine($System32, 'drivers\etc\hosts')) -Limit $LargestFile
}

function Save-Sessions {
    Save-Command -Entry 'sessions/logons.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_LogonSession' } -Property 'LogonId', 'LogonType', 'StartTime', 'AuthenticationPackage'
    Save-Command -Entry 'sessions/accounts.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_LoggedOnUser' } -Property 'Antecedent', 'Dependent'
}

# SHA-256 of an image, or why there is none. Files on other machines are not read: it would tell them that this device is being looked at.
function Get-ImageHash {
    param([string] $Path)
    if ($Path -notmatch '\A[A-Za-z]:\\') {
        return 'not hashed: not a local path'
    }
    try {
        # Enough must be left for writing the table.
        if ((Get-TimeLeft) -lt 5000) {
            return 'not hashed: no time left'
        }
        $content = Open-Shared -Path $Path
        try {
            if ($content.Length -gt $LargestImage) {
                return 'not hashed: too large'
            }
            $hash = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
            try {
                return [System.BitConverter]::ToString($hash.ComputeHash($content)).Replace('-', '').ToLowerInvariant()
            }
            finally {
                $hash.Dispose()
            }
        }
        finally {
            $content.Dispose()
        }
    }
    catch {
        return 'not hashed: ' + (Get-Reason -Failed $_)
    }
}

function Save-Processes {
    $given = Invoke-Bounded -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_Process' } -Property 'ProcessId', 'ParentProcessId', 'Name', 'ExecutablePath', 'CommandLine', 'CreationDate', 'SessionId', 'WorkingSetSize'
    $why = $given.Why
    # By the text of the id: one command gives it as a signed number, the other as an unsigned one.
    $owners = @{}
    try {
        $named = Invoke-Bounded -Command 'Get-Process' -Parameters @{ IncludeUserName = $true } -Property 'Id', 'UserName'
        foreach ($one in $named.Rows) {
            $owners[[string] $one.Id] = $one.UserName
        }
    }
    catch {
        $why = "$why Without owners: $(Get-Reason -Failed $_)".TrimStart()
    }
    $hashes = @{}
    foreach ($one in $given.Rows) {
        if ($one.ExecutablePath -and -not $hashes.ContainsKey($one.ExecutablePath)) {
            $hashes[$one.ExecutablePath] = Get-ImageHash -Path $one.ExecutablePath
        }
    }
    $rows = @(foreach ($one in $given.Rows) {
            $sum = ''
            if ($one.ExecutablePath) {
                $sum = $hashes[$one.ExecutablePath]
            }
            [pscustomobject] @{
                ProcessId = $one.ProcessId; ParentProcessId = $one.ParentProcessId; Name = $one.Name; SessionId = $one.SessionId; CreationDate = $one.CreationDate
                Owner = $owners[[string] $one.ProcessId]; WorkingSetSize = $one.WorkingSetSize; ExecutablePath = $one.ExecutablePath; Sha256 = $sum; CommandLine = $one.CommandLine
            }
        })
    Save-Rows -Entry 'processes/processes.csv' -Property 'ProcessId', 'ParentProcessId', 'Name', 'Owner', 'SessionId', 'CreationDate', 'WorkingSetSize', 'ExecutablePath', 'Sha256', 'CommandLine' -Rows $rows -Source 'Get-CimInstance Win32_Process' -Why $why
}

function Save-System {
    Save-Command -Entry 'system/os.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_OperatingSystem' } -Property 'Caption', 'Version', 'BuildNumber', 'OSArchitecture', 'InstallDate', 'LastBootUpTime', 'LocalDateTime', 'CurrentTimeZone'
    Save-Command -Entry 'system/computer.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_ComputerSystem' } -Property 'Name', 'Domain', 'DomainRole', 'UserName', 'Manufacturer', 'Model', 'TotalPhysicalMemory'
    Save-Command -Entry 'system/updates.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_QuickFixEngineering' } -Property 'HotFixID', 'Description', 'InstalledOn', 'InstalledBy'
}

# The values of one registry key, all or those named, unexpanded. Nothing where there is no such key.
function Get-RegistryValue {
    param([Microsoft.Win32.RegistryKey] $Base, [string] $Hive, [string] $Path, [string[]] $Only = @())
    try {
        $key = $Base.OpenSubKey($Path)
        if ($null -eq $key) {
            return
        }
        try {
            foreach ($name in $key.GetValueNames()) {
                if ($Only.Count -eq 0 -or $Only -contains $name) {
                    [pscustomobject] @{ Hive = $Hive; Key = $Path; Name = $name; Kind = $key.GetValueKind($name); Value = $key.GetValue($name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames) }
                }
            }
        }
        finally {
            $key.Close()
        }
    }
    catch {
        Add-Record -Entry 'autoruns/' -Result 'failed' -Source "$Hive\$Path" -Why (Get-Reason -Failed $_)
    }
}

# The names of a key's subkeys, none where there is no such key or it may not be read, which is noted.
function Get-SubKeyName {
    param([Microsoft.Win32.RegistryKey] $Base, [string] $Hive, [string] $Path)
    try {
        $key = $Base.OpenSubKey($Path)
        if ($null -eq $key) {
            return
        }
        try {
            $key.GetSubKeyNames()
        }
        finally {
            $key.Close()
        }
    }
    catch {
        Add-Record -Entry 'autoruns/' -Result 'failed' -Source "$Hive\$Path" -Why (Get-Reason -Failed $_)
    }
}

# Named values of every key right below one.
function Get-ChildValue {
    param([Microsoft.Win32.RegistryKey] $Base, [string] $Hive, [string] $Path, [string] $Below = '', [string[]] $Only)
    foreach ($name in @(Get-SubKeyName -Base $Base -Hive $Hive -Path $Path)) {
        [void] (Get-TimeLeft)
        Get-RegistryValue -Base $Base -Hive $Hive -Path "$Path\$name$Below" -Only $Only
    }
}

# Places in the registry from which programs start, the same below the machine and below a user.
function Get-RunValue {
    param([Microsoft.Win32.RegistryKey] $Base, [string] $Hive, [string] $Below = '')
    foreach ($software in @('SOFTWARE', 'SOFTWARE\WOW6432Node')) {
        foreach ($name in @('Run', 'RunOnce', 'RunServices', 'RunServicesOnce', 'Policies\Explorer\Run', 'Policies\System', 'Explorer\StartupApproved\Run', 'Explorer\StartupApproved\Run32', 'Explorer\StartupApproved\StartupFolder')) {
            Get-RegistryValue -Base $Base -Hive $Hive -Path "$Below$software\Microsoft\Windows\CurrentVersion\$name"
        }
        Get-ChildValue -Base $Base -Hive $Hive -Path "$Below$software\Microsoft\Windows\CurrentVersion\RunOnceEx" -Only @()
        Get-RegistryValue -Base $Base -Hive $Hive -Path "$Below$software\Microsoft\Windows NT\CurrentVersion\Winlogon" -Only 'Shell', 'Userinit', 'Taskman', 'VmApplet', 'AppSetup', 'System'
        Get-RegistryValue -Base $Base -Hive $Hive -Path "$Below$software\Microsoft\Windows NT\CurrentVersion\Windows" -Only 'AppInit_DLLs', 'LoadAppInit_DLLs', 'RequireSignedAppInit_DLLs', 'Load', 'Run'
        Get-RegistryValue -Base $Base -Hive $Hive -Path "$Below$software\Microsoft\Command Processor" -Only 'AutoRun'
    }
}

# Places that the machine alone has.
function Get-MachineValue {
    param([Microsoft.Win32.RegistryKey] $Base)
    $control = 'SYSTEM\CurrentControlSet\Control'
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path "$control\Session Manager" -Only 'BootExecute', 'SetupExecute', 'Execute', 'S0InitialCommand', 'PendingFileRenameOperations'
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path "$control\Session Manager\AppCertDlls"
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path "$control\Session Manager\KnownDLLs"
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path "$control\Lsa" -Only 'Authentication Packages', 'Security Packages', 'Notification Packages', 'RunAsPPL'
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path "$control\SecurityProviders" -Only 'SecurityProviders'
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path "$control\SafeBoot" -Only 'AlternateShell'
    Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$control\Print\Monitors" -Only 'Driver'
    Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$control\NetworkProvider\Order" -Only @()
    Get-RegistryValue -Base $Base -Hive 'HKLM' -Path 'SOFTWARE\Microsoft\NetSh'
    foreach ($software in @('SOFTWARE', 'SOFTWARE\WOW6432Node')) {
        Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$software\Microsoft\Windows NT\CurrentVersion\Image File Execution Options" -Only 'Debugger', 'VerifierDlls', 'GlobalFlag'
        Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$software\Microsoft\Windows NT\CurrentVersion\SilentProcessExit" -Only 'MonitorProcess', 'ReportingMode'
        Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$software\Microsoft\Active Setup\Installed Components" -Only 'StubPath'
        Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$software\Microsoft\Windows\CurrentVersion\Authentication\Credential Providers" -Only ''
        Get-ChildValue -Base $Base -Hive 'HKLM' -Path "$software\Microsoft\Windows\CurrentVersion\Explorer\Browser Helper Objects" -Only ''
    }
}

function Save-Registry {
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    $users = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::Users, [Microsoft.Win32.RegistryView]::Registry64)
    $columns = @('Hive', 'Key', 'Name', 'Kind', 'Value')
    $rows = New-Object -TypeName System.Collections.Generic.List[object]
    $why = ''
    try {
        Get-RunValue -Base $machine -Hive 'HKLM' | ForEach-Object -Process { $rows.Add($_) }
        foreach ($user in @($users.GetSubKeyNames() | Sort-Object)) {
            if ($user -notlike '*_Classes') {
                Get-RunValue -Base $users -Hive 'HKU' -Below "$user\" | ForEach-Object -Process { $rows.Add($_) }
                Get-RegistryValue -Base $users -Hive 'HKU' -Path "$user\Environment" -Only 'UserInitMprLogonScript' | ForEach-Object -Process { $rows.Add($_) }
                Get-RegistryValue -Base $users -Hive 'HKU' -Path "$user\Control Panel\Desktop" -Only 'SCRNSAVE.EXE' | ForEach-Object -Process { $rows.Add($_) }
            }
        }
        Get-MachineValue -Base $machine | ForEach-Object -Process { $rows.Add($_) }
    }
    catch {
        $why = Get-Reason -Failed $_
    }
    Save-Rows -Entry 'autoruns/registry.csv' -Property $columns -Rows $rows.ToArray() -Source 'registry' -Why $why

    # Drivers are among them; the DLL of a shared service is known here alone.
    $rows.Clear()
    $why = ''
    try {
        Get-ChildValue -Base $machine -Hive 'HKLM' -Path 'SYSTEM\CurrentControlSet\Services' -Only 'ImagePath', 'FailureCommand', 'Start', 'Type', 'ObjectName' | ForEach-Object -Process { $rows.Add($_) }
        Get-ChildValue -Base $machine -Hive 'HKLM' -Path 'SYSTEM\CurrentControlSet\Services' -Below '\Parameters' -Only 'ServiceDll' | ForEach-Object -Process { $rows.Add($_) }
    }
    catch {
        $why = Get-Reason -Failed $_
    }
    Save-Rows -Entry 'autoruns/services-registry.csv' -Property $columns -Rows $rows.ToArray() -Source 'registry' -Why $why
    $users.Close()
    $machine.Close()
}

# Files of a folder and what is below it, without following links. Throws when the time is used up; a folder that cannot be read is noted.
function Get-FileBelow {
    param([string] $Folder)
    $pending = New-Object -TypeName System.Collections.Generic.Stack[string]
    $pending.Push($Folder)
    while ($pending.Count -gt 0) {
        [void] (Get-TimeLeft)
        $current = New-Object -TypeName System.IO.DirectoryInfo -ArgumentList ($pending.Pop())
        try {
            if (($current.Attributes -band [System.IO.FileAttributes]::ReparsePoint) -eq 0) {
                $current.GetFiles()
                foreach ($below in $current.GetDirectories()) {
                    $pending.Push($below.FullName)
                }
            }
        }
        catch {
            Add-Record -Entry "$($Run['Part'])/" -Result 'failed' -Source $current.FullName -Why (Get-Reason -Failed $_)
        }
    }
}

# Files of one folder into the zip, and a table with their times, which a zip does not keep. Gives the files.
function Save-Folder {
    param([string] $Prefix, [string] $Folder, [string] $Table, [string] $Like = '*')
    if (-not [System.IO.Directory]::Exists($Folder)) {
        Add-Record -Entry $Prefix -Result 'absent' -Source $Folder
        return
    }
    try {
        $root = [System.IO.Path]::GetFullPath($Folder).TrimEnd('\')
        $files = @(Get-FileBelow -Folder $root | Where-Object -FilterScript { $_.Name -like $Like })
    }
    catch {
        Add-Record -Entry $Prefix -Result 'failed' -Source $Folder -Why (Get-Reason -Failed $_)
        return
    }
    $why = ''
    if ($files.Count -gt $MostFiles) {
        $why = "Cut off: there are $($files.Count) files, and at most $MostFiles are collected."
        $files = $files[0..($MostFiles - 1)]
    }
    $rows = @(foreach ($file in $files) {
            [pscustomobject] @{ Path = $file.FullName; Bytes = $file.Length; Created = $file.CreationTimeUtc; Modified = $file.LastWriteTimeUtc; Attributes = $file.Attributes }
        })
    Save-Rows -Entry $Table -Property 'Path', 'Bytes', 'Created', 'Modified', 'Attributes' -Rows $rows -Source $Folder -Why $why
    foreach ($file in $files) {
        $name = $file.FullName.Substring($root.Length + 1).Replace('\', '/')
        Save-File -Entry ($Prefix + $name) -Path $file.FullName -Limit $LargestFile
    }
    return $files
}

function Save-Startup {
    $below = 'Microsoft\Windows\Start Menu\Programs\Startup'
    $all = [System.IO.Path]::Combine([System.Environment]::GetFolderPath('CommonApplicationData'), $below)
    [void] (Save-Folder -Prefix 'autoruns/startup/all users/' -Folder $all -Table 'autoruns/startup all users.csv')
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    $profiles = @(Get-ChildValue -Base $machine -Hive 'HKLM' -Path 'SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList' -Only 'ProfileImagePath')
    $machine.Close()
    foreach ($one in $profiles) {
        $user = @($one.Key -split '\\')[-1]
        $profileFolder = [System.Environment]::ExpandEnvironmentVariables([string] $one.Value)
        # A profile on another machine is not read.
        if ($profileFolder -match '\A[A-Za-z]:\\') {
            [void] (Save-Folder -Prefix "autoruns/startup/$user/" -Folder ([System.IO.Path]::Combine($profileFolder, 'AppData\Roaming', $below)) -Table "autoruns/startup $user.csv")
        }
    }
}

function Save-Autoruns {
    Save-Registry
    Save-Command -Entry 'autoruns/services.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_Service' } -Property 'Name', 'DisplayName', 'State', 'StartMode', 'StartName', 'ProcessId', 'ServiceType', 'PathName', 'Description'
    foreach ($namespace in @('root/subscription', 'root/default')) {
        $short = $namespace.Replace('root/', '')
        Save-Command -Entry "autoruns/wmi-$short-filters.csv" -Command 'Get-CimInstance' -Parameters @{ Namespace = $namespace; ClassName = '__EventFilter' } -Property 'Name', 'EventNamespace', 'QueryLanguage', 'Query', 'CreatorSID'
        Save-Command -Entry "autoruns/wmi-$short-consumers.csv" -Command 'Get-CimInstance' -Parameters @{ Namespace = $namespace; ClassName = '__EventConsumer' } -Property 'CimClass', 'Name', 'CommandLineTemplate', 'ExecutablePath', 'WorkingDirectory', 'ScriptingEngine', 'ScriptFileName', 'ScriptText', 'CreatorSID'
        Save-Command -Entry "autoruns/wmi-$short-bindings.csv" -Command 'Get-CimInstance' -Parameters @{ Namespace = $namespace; ClassName = '__FilterToConsumerBinding' } -Property 'Filter', 'Consumer', 'CreatorSID'
    }
    Save-Startup
}

# The texts of all elements of one name, at any depth and in any namespace.
function Get-XmlText {
    param([System.Xml.XmlDocument] $Document, [string] $Name)
    return @($Document.SelectNodes("//*[local-name()='$Name']") | ForEach-Object -Process { $_.InnerText }) -join '; '
}

# What one scheduled task does. Its file is in the zip as it is; this is the short form.
function Read-Task {
    param([string] $Path)
    $settings = New-Object -TypeName System.Xml.XmlReaderSettings
    $settings.DtdProcessing = [System.Xml.DtdProcessing]::Prohibit
    $settings.XmlResolver = $null
    $document = New-Object -TypeName System.Xml.XmlDocument
    $document.XmlResolver = $null
    $content = Open-Shared -Path $Path
    try {
        if ($content.Length -gt $LargestFile) {
            throw (New-Object -TypeName System.IO.InvalidDataException -ArgumentList 'This is too large for a task.')
        }
        $document.Load([System.Xml.XmlReader]::Create($content, $settings))
    }
    finally {
        $content.Dispose()
    }
    $actions = @(foreach ($action in $document.SelectNodes("//*[local-name()='Actions']/*")) {
            (@($action.LocalName) + @($action.SelectNodes('*') | ForEach-Object -Process { $_.InnerText })) -join ' '
        })
    $triggers = @(foreach ($trigger in $document.SelectNodes("//*[local-name()='Triggers']/*")) {
            $trigger.LocalName
        })
    return [pscustomobject] @{
        Path = $Path; Actions = $actions; Triggers = $triggers; UserId = Get-XmlText -Document $document -Name 'UserId'; RunLevel = Get-XmlText -Document $document -Name 'RunLevel'
        Enabled = Get-XmlText -Document $document -Name 'Enabled'; Hidden = Get-XmlText -Document $document -Name 'Hidden'; Author = Get-XmlText -Document $document -Name 'Author'
        Date = Get-XmlText -Document $document -Name 'Date'; Problem = ''
    }
}

function Save-Tasks {
    $files = @(Save-Folder -Prefix 'tasks/files/' -Folder ([System.IO.Path]::Combine($System32, 'Tasks')) -Table 'tasks/files.csv')
    $why = ''
    $rows = @(foreach ($file in $files) {
            # Enough must be left for writing the table.
            if ($Run['PartEnds'] - $Run['Clock'].ElapsedMilliseconds -lt 2000) {
                $why = 'Cut off: the time of this part was used up.'
                break
            }
            try {
                Read-Task -Path $file.FullName
            }
            catch {
                [pscustomobject] @{ Path = $file.FullName; Problem = (Get-Reason -Failed $_) }
            }
        })
    Save-Rows -Entry 'tasks/tasks.csv' -Property 'Path', 'Actions', 'Triggers', 'UserId', 'RunLevel', 'Enabled', 'Hidden', 'Author', 'Date', 'Problem' -Rows $rows -Source 'task files' -Why $why
}

function Save-Drivers {
    Save-Command -Entry 'drivers/drivers.csv' -Command 'Get-CimInstance' -Parameters @{ ClassName = 'Win32_SystemDriver' } -Property 'Name', 'DisplayName', 'State', 'StartMode', 'ServiceType', 'PathName'
}

function Save-Prefetch {
    $folder = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($System32), 'Prefetch')
    [void] (Save-Folder -Prefix 'prefetch/' -Folder $folder -Like '*.pf' -Table 'prefetch/prefetch.csv')
}

# Exports what a query finds in one channel. Gives '', 'absent', or why it was given up: the log was larger, or took longer, than it may.
function Export-Channel {
    param([string] $Channel, [string] $Path, [string] $Query, [long] $Limit, [long] $Milliseconds)
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = $WevtutilPath
    $start.Arguments = 'epl "{0}" "{1}" "/q:{2}"' -f $Channel, $Path, $Query
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardError = $true
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        $givenUp = ''
        while ($givenUp -eq '' -and -not $process.WaitForExit(200)) {
            $file = New-Object -TypeName System.IO.FileInfo -ArgumentList $Path
            if ($file.Exists -and $file.Length -gt $Limit) {
                $givenUp = 'larger than {0}' -f (Format-Size -Bytes $Limit)
            }
            elseif ($clock.ElapsedMilliseconds -gt $Milliseconds) {
                $givenUp = 'not done after {0} seconds' -f [long] ($clock.ElapsedMilliseconds / 1000)
            }
        }
        if ($givenUp -ne '') {
            # It may have ended by itself meanwhile, which is no error.
            if (-not $process.HasExited) {
                $process.Kill()
                [void] $process.WaitForExit(5000)
            }
            return $givenUp
        }
        if ($process.ExitCode -eq $ChannelNotFound) {
            return 'absent'
        }
        if ($process.ExitCode -ne 0) {
            throw (New-Object -TypeName System.InvalidOperationException -ArgumentList ('wevtutil ended with {0}: {1}' -f $process.ExitCode, $process.StandardError.ReadToEnd().Trim()))
        }
    }
    finally {
        $process.Dispose()
    }
    if ((New-Object -TypeName System.IO.FileInfo -ArgumentList $Path).Length -gt $Limit) {
        return 'larger than {0}' -f (Format-Size -Bytes $Limit)
    }
    return ''
}

# One event log: all of it where it is small enough, else its last week, else its last day.
function Save-Channel {
    param([string] $Channel)
    # As Windows names the files of its logs.
    $name = $Channel.Replace('/', '%4') + '.evtx'
    $entry = 'eventlogs/' + $name
    [long] $limit = [System.Math]::Min([long] $LargestLog, [long] $Run['Left'])
    $onDisk = New-Object -TypeName System.IO.FileInfo -ArgumentList ([System.IO.Path]::Combine($System32, 'winevt\Logs', $name))
    $spans = @(7, 1)
    if ($onDisk.Exists -and $onDisk.Length -le $limit) {
        $spans = @(0, 7, 1)
    }
    $tried = @()
    foreach ($days in $spans) {
        $left = Get-TimeLeft
        $query = '*'
        $why = ''
        if ($days -gt 0) {
            $query = '*[System[TimeCreated[timediff(@SystemTime) <= {0}]]]' -f ($days * 86400000)
            $why = "Only the last $days days: the log is large."
        }
        if ($days -gt 1) {
            $left = [long] ($left / 2)
        }
        # A new name each time: an export that was given up can hold on to its file for a moment.
        $path = [System.IO.Path]::Combine($Run['Folder'], [System.Guid]::NewGuid().ToString('N') + '.evtx')
        try {
            $outcome = Export-Channel -Channel $Channel -Path $path -Query $query -Limit $limit -Milliseconds $left
            if ($outcome -eq 'absent') {
                Add-Record -Entry $entry -Result 'absent' -Source $Channel
                return
            }
            if ($outcome -eq '') {
                Save-File -Entry $entry -Path $path -Limit $limit -Source $Channel -Why $why
                return
            }
        }
        finally {
            try {
                [System.IO.File]::Delete($path)
            }
            catch {
                Write-Warning -Message "$path could not be removed yet: $($_.Exception.Message)"
            }
        }
        $tried += $outcome
    }
    Add-Record -Entry $entry -Result 'failed' -Source $Channel -Why ($tried -join ', ')
}

# Security comes last: where it is huge, no other log has to wait for it.
$Channels = @(
    'Microsoft-Windows-Sysmon/Operational'
    'Microsoft-Windows-PowerShell/Operational'
    'Windows PowerShell'
    'Microsoft-Windows-Windows Defender/Operational'
    'Microsoft-Windows-TaskScheduler/Operational'
    'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational'
    'Microsoft-Windows-WMI-Activity/Operational'
    'Microsoft-Windows-Bits-Client/Operational'
    'System'
    'Application'
    'Security'
)

function Save-EventLogs {
    foreach ($channel in $Channels) {
        try {
            Save-Channel -Channel $channel
        }
        catch {
            Add-Record -Entry "eventlogs/$channel" -Result 'failed' -Source $channel -Why (Get-Reason -Failed $_)
        }
    }
}

# The summary: what there is, and each thing that failed or is not whole. What this device does not have is told by manifest.csv alone.
function Get-Summary {
    param([string] $Started)
    $records = $Run['Records']
    [long] $bytes = 0
    foreach ($record in $records) {
        $bytes += $record.Bytes
    }
    $whole = @($records | Where-Object -FilterScript { $_.Result -eq 'ok' })
    $absent = @($records | Where-Object -FilterScript { $_.Result -eq 'absent' })
    $others = @($records | Where-Object -FilterScript { $_.Result -eq 'partial' -or $_.Result -eq 'failed' } | ForEach-Object -Process { '  {0}  {1}  {2}' -f $_.Result.PadRight(7), $_.Entry, $_.Why })
    $lines = @(
        $AboutTitle
        "computer       $([System.Environment]::MachineName)"
        "started        $Started"
        "ended          $(Get-UtcText)"
        "whole files    $($whole.Count)"
        "read           $(Format-Size -Bytes $bytes)"
        "absent         $($absent.Count)"
        "not whole      $($others.Count)"
    )
    if ($others.Count -gt 40) {
        $others = $others[0..39] + '  and more: manifest.csv has them all'
    }
    return $lines + $others
}

# Collects everything into a new zip. Gives the summary.
function Write-Package {
    param([string] $Path)
    $started = Get-UtcText
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([System.IO.FileMode]::CreateNew), ([System.IO.FileAccess]::ReadWrite), ([System.IO.FileShare]::None)
    try {
        # Fastest compression everywhere: the whole script has ten minutes.
        $Run['Archive'] = New-Object -TypeName System.IO.Compression.ZipArchive -ArgumentList $stream, ([System.IO.Compression.ZipArchiveMode]::Create)
        try {
            Invoke-Part -PartName 'network' -PartSeconds 60 -PartAction { Save-Network }
            Invoke-Part -PartName 'sessions' -PartSeconds 20 -PartAction { Save-Sessions }
            Invoke-Part -PartName 'processes' -PartSeconds 60 -PartAction { Save-Processes }
            Invoke-Part -PartName 'system' -PartSeconds 30 -PartAction { Save-System }
            Invoke-Part -PartName 'autoruns' -PartSeconds 55 -PartAction { Save-Autoruns }
            Invoke-Part -PartName 'tasks' -PartSeconds 30 -PartAction { Save-Tasks }
            Invoke-Part -PartName 'drivers' -PartSeconds 30 -PartAction { Save-Drivers }
            Invoke-Part -PartName 'prefetch' -PartSeconds 15 -PartAction { Save-Prefetch }
            Invoke-Part -PartName 'eventlogs' -PartSeconds 240 -PartAction { Save-EventLogs }

            if (@($Run['Records'] | Where-Object -FilterScript { $_.Bytes -gt 0 }).Count -eq 0) {
                throw (New-Failure -Code 9 -Message ('Nothing could be collected. {0}' -f (@($Run['Records'] | ForEach-Object -Process { "$($_.Entry) $($_.Why)" }) -join "`n")))
            }
            $about = Get-Summary -Started $started
            # The lists of what there is are written whatever else there was.
            $Run['Part'] = 'manifest'
            $Run['PartEnds'] = [long]::MaxValue
            $Run['Left'] = [long] $SpareSpace
            Save-Rows -Entry 'manifest.csv' -Property 'Part', 'Entry', 'Result', 'Bytes', 'Sha256', 'Source', 'Why' -Rows $Run['Records'].ToArray()
            $writer = New-Object -TypeName System.IO.StreamWriter -ArgumentList ($Run['Archive'].CreateEntry($AboutName).Open())
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
            $Run['Archive'].Dispose()
        }
    }
    finally {
        $stream.Dispose()
    }
}

$exitCode = 1
$workFolder = $null
$zipPath = ''
$moved = ''
$leftovers = @()
try {
    Assert-Environment
    if ($Unexpected.Count -gt 0) {
        throw (New-Failure -Code 2 -Message 'This script takes no arguments.')
    }
    Add-Type -AssemblyName System.IO.Compression
    Add-Type -AssemblyName System.IO.Compression.FileSystem

    $zipPath = [System.IO.Path]::Combine($OutputFolder, $ZipName)
    $moved = [string] (Clear-PackagePlace -Path $zipPath)
    $leftovers = @(Remove-Leftovers)
    $Run['Left'] = Get-Allowance

    $workFolder = New-WorkFolder
    $Run['Folder'] = $workFolder
    $madePath = [System.IO.Path]::Combine($workFolder, 'package.zip')
    try {
        $about = Write-Package -Path $madePath
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
        throw (New-Failure -Code 8 -Message "$zipPath could not be put in its place: $($_.Exception.Message)")
    }
    Write-Output -InputObject $zipPath
    Write-Output -InputObject (Format-Size -Bytes $size)
    Write-Output -InputObject "zip SHA-256    $(Get-Sum -Path $zipPath -Clock $Run['Clock'])"
    Write-Output -InputObject $about
    Get-VersionNote
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
            Write-Warning -Message "The folder $workFolder could not be removed, and may hold what was collected: $($_.Exception.Message)"
        }
    }
}
try {
    $leftovers
    if ($zipPath -ne '') {
        Get-Earlier -Path $zipPath -Moved $moved -Clock $Run['Clock']
    }
}
catch {
    Write-Warning -Message "What lies in $OutputFolder of earlier runs could not be read: $($_.Exception.Message)"
}
exit $exitCode
