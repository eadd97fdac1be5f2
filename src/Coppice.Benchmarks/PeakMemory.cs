using System.Diagnostics;

namespace Coppice.Benchmarks;

/// <summary>The largest amount of memory that the process has had resident.</summary>
public static class PeakMemory
{
    /// <summary>In MiB, as the operating system counts it.</summary>
    public static double Mebibytes
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64 / 1048576.0;
        }
    }
}
