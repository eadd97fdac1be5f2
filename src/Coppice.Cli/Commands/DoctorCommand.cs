using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Coppice.Cli.Output;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice doctor</c>: what this machine has, and whether anything would keep Coppice from working well on it.</summary>
internal static class DoctorCommand
{
    private const long LeastMemory = 1L << 30, LeastDisk = 1L << 30;

    public static Command Create()
    {
        var command = new Command("doctor", "Show what this machine has and whether something is wrong with it") { CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var findings = Examine(parse.GetValue(CommonOptions.Threads));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(findings);
            else Describe(findings);
            return (int)(findings.Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }

    private static Findings Examine(int threads)
    {
        var problems = new List<string>();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var disk = new DriveInfo(Environment.CurrentDirectory).AvailableFreeSpace;
        var normalizes = NormalizesUnicode();
        if (!normalizes) problems.Add("Unicode normalisation does nothing: install ICU (on Debian libicu), and leave DOTNET_SYSTEM_GLOBALIZATION_INVARIANT unset");
        if (memory < LeastMemory) problems.Add($"only {Figures.Bytes(memory)} of memory: small models alone will fit");
        if (disk < LeastDisk) problems.Add($"only {Figures.Bytes(disk)} free in {Environment.CurrentDirectory}: a run writes checkpoints and a corpus");
        if (Backends.Level < Backends.Supported[^1]) problems.Add($"{Backends.Variable} holds the kernels down to {Name(Backends.Level)}: unset it for {Name(Backends.Supported[^1])}");
        using var backend = Backends.Create(threads);
        return new Findings(
            typeof(DoctorCommand).Assembly.GetName().Version!.ToString(3),
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            ProcessorName(),
            Environment.ProcessorCount,
            memory,
            Name(Backends.Level),
            [.. Backends.Supported.Select(Name)],
            backend.Threads,
            MeasureMultiplication(backend),
            normalizes,
            disk,
            problems);
    }

    private static void Describe(Findings findings)
    {
        Page.Facts(
            ("coppice", findings.Version),
            ("runtime", findings.Runtime),
            ("system", findings.System),
            ("processor", $"{findings.Processor}, {Figures.Count(findings.Cores, "core")}"),
            ("memory", Figures.Bytes(findings.MemoryBytes)),
            ("kernels", $"{findings.Kernel} (of {string.Join(", ", findings.KernelsSupported)})"),
            ("matrix product", $"{Figures.Number(findings.GigaflopsPerSecond)} GFLOP/s with {Figures.Count(findings.Threads, "thread")}"),
            ("Unicode normalisation", findings.UnicodeNormalization ? "works" : "does not work"),
            ("free disk here", Figures.Bytes(findings.FreeDiskBytes)));
        Page.Line();
        foreach (var problem in findings.Problems) Page.Line($"  problem: {problem}");
        if (findings.Problems.Count == 0) Page.Line("  Nothing is wrong.");
    }

    // The best of a few: the first ones still compile, and another program may have had the processor.
    private static double MeasureMultiplication(Backend backend)
    {
        const int Size = 512, Times = 8;
        using var tape = new Tape(backend) { Recording = false };
        var values = Enumerable.Range(0, Size * Size).Select(i => i % 7 / 7f).ToArray();
        var matrix = tape.Constant(new Shape(Size, Size), values);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < Times; i++)
        {
            var start = Stopwatch.GetTimestamp();
            tape.MatMul(matrix, matrix);
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed < best) best = elapsed;
        }

        return 2.0 * Size * Size * Size / best.TotalSeconds / 1e9;
    }

    private static bool NormalizesUnicode() => "é".Normalize(NormalizationForm.FormD).Length == 2 && "ﬁ".Normalize(NormalizationForm.FormKC) == "fi";

    private static string Name(KernelLevel level) => level.ToString().ToLowerInvariant();

    private static string ProcessorName()
    {
        const string LinuxFile = "/proc/cpuinfo";
        var line = File.Exists(LinuxFile) ? File.ReadLines(LinuxFile).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private sealed record Findings(
        string Version,
        string Runtime,
        string System,
        string Processor,
        int Cores,
        long MemoryBytes,
        string Kernel,
        IReadOnlyList<string> KernelsSupported,
        int Threads,
        double GigaflopsPerSecond,
        bool UnicodeNormalization,
        long FreeDiskBytes,
        IReadOnlyList<string> Problems);
}
