@echo off
rem Runs coppice from a clone: builds it when a source is newer than the last build, then hands over to it.
setlocal
set "COPPICE_ROOT=%~dp0"
set "COPPICE_LAUNCHER=%~f0"
powershell -NoProfile -ExecutionPolicy Bypass -Command "Invoke-Expression ((Get-Content -Raw -LiteralPath $env:COPPICE_LAUNCHER) -split 'rem The build, in [P]owerShell.')[1]"
if errorlevel 1 exit /b 1
dotnet "%COPPICE_ROOT%artifacts\bin\Coppice.Cli\release\coppice.dll" %*
exit /b %errorlevel%

rem The build, in PowerShell.
$root = $env:COPPICE_ROOT
$dll = Join-Path $root 'artifacts\bin\Coppice.Cli\release\coppice.dll'
$stamp = Join-Path $root 'artifacts\launcher.stamp'
$log = Join-Path $root 'artifacts\launcher.log'

# Whether a source has changed since the build that the stamp marks. Folders too: theirs is the change when a file goes.
function Test-Stale {
    if (-not ((Test-Path -LiteralPath $stamp) -and (Test-Path -LiteralPath $dll))) { return $true }
    $built = (Get-Item -LiteralPath $stamp).LastWriteTimeUtc
    $places = 'src', 'eng', 'Directory.Build.props', 'Directory.Packages.props', 'global.json' | ForEach-Object { Join-Path $root $_ }
    $newer = Get-ChildItem -LiteralPath $places -Recurse |
        Where-Object { ($_.PSIsContainer -or $_.Extension -in '.cs', '.csproj', '.props', '.json') -and $_.LastWriteTimeUtc -gt $built } |
        Select-Object -First 1
    return [bool]$newer
}

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine("coppice: there is no 'dotnet': install the .NET 10 SDK from https://dotnet.microsoft.com/download")
    exit 1
}
if (Test-Stale) {
    # Two that start at once build once.
    $name = 'coppice-' + [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash([Text.Encoding]::UTF8.GetBytes($root)))
    $mutex = New-Object Threading.Mutex $false, $name
    try { $null = $mutex.WaitOne() } catch [Threading.AbandonedMutexException] { }
    if (Test-Stale) {
        [Console]::Error.WriteLine('coppice: building ...')
        $begun = [DateTime]::UtcNow
        $null = New-Item -ItemType Directory -Force -Path (Split-Path $log)
        dotnet build (Join-Path $root 'src\Coppice.Cli\Coppice.Cli.csproj') --configuration Release --nologo --verbosity quiet '-consoleLoggerParameters:NoSummary' '-nodeReuse:false' *> $log
        if ($LASTEXITCODE -ne 0) {
            $lines = @(Get-Content -LiteralPath $log)
            $errors = @($lines | Where-Object { $_ -match ' error ' } | Select-Object -Unique)
            $(if ($errors) { $errors } else { $lines }) | ForEach-Object { [Console]::Error.WriteLine($_) }
            [Console]::Error.WriteLine('coppice: the build failed: its errors are above')
            exit 1
        }
        # Marked with the time before the build read the sources: one that changed meanwhile is newer than the mark.
        Set-Content -LiteralPath $stamp -Value ''
        (Get-Item -LiteralPath $stamp).LastWriteTimeUtc = $begun
    }
    $mutex.ReleaseMutex()
}
exit 0
