using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Cli.Tests.LlamaCpp;

/// <summary>What llama.cpp makes of a GGUF file.</summary>
/// <param name="Greedy">The most probable tokens, one after the other.</param>
/// <param name="Losses">The nats of every token but the first of each sequence.</param>
/// <param name="Encodings">The tokens of each text.</param>
/// <param name="Begins">The token that begins a text, if there is one.</param>
/// <param name="Ends">The token that ends a text, if there is one.</param>
/// <param name="Prepends">Whether a text is begun with it.</param>
internal sealed record LlamaCppRun(int[] Greedy, double[][] Losses, int[][] Encodings, int? Begins, int? Ends, bool Prepends)
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Where <c>.ci/run</c> installs llama.cpp's binaries.</summary>
    public static string Modules { get; } = Path.Combine(SharedData.RepositoryRoot, "artifacts", "llama-cpp");

    /// <summary>Why llama.cpp can't be run, or null where it can.</summary>
    public static string? Missing { get; } = Directory.Exists(Path.Combine(Modules, "node_modules", "node-llama-cpp")) && HasNode()
        ? null
        : "needs Node and llama.cpp (the npm package node-llama-cpp), which .ci/run installs where there is npm and a network";

    /// <summary>The mean nats of all tokens that were predicted.</summary>
    public double MeanLoss => Losses.SelectMany(losses => losses).Average();

    /// <summary>Runs a file.</summary>
    /// <param name="model">The GGUF file.</param>
    /// <param name="prompt">The tokens to continue.</param>
    /// <param name="count">How many to add.</param>
    /// <param name="sequences">Sequences of tokens to measure.</param>
    /// <param name="texts">Texts to tokenise.</param>
    public static LlamaCppRun Of(string model, IReadOnlyList<int> prompt, int count, IReadOnlyList<IReadOnlyList<int>> sequences, IReadOnlyList<string> texts)
    {
        var start = new ProcessStartInfo("node")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(Path.Combine(SharedData.RepositoryRoot, "tests", "Coppice.Cli.Tests", "LlamaCpp", "llama.mjs"));
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Write(JsonSerializer.Serialize(new { modules = Modules, model, prompt, count, sequences, texts }));
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"llama.cpp on {Path.GetFileName(model)}: {error.Result}");
        return JsonSerializer.Deserialize<LlamaCppRun>(output.Result, Format)!;
    }

    private static bool HasNode() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "node")));
}

/// <summary>A test that needs llama.cpp and is skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LlamaCppFactAttribute : FactAttribute
{
    /// <summary>Needs llama.cpp and, where one is named, optional data.</summary>
    /// <param name="data">A path relative to <c>../shared</c>, or null.</param>
    public LlamaCppFactAttribute(string? data = null)
    {
        Skip = LlamaCppRun.Missing;
        if (data is not null && !SharedData.Has(data)) Skip ??= $"needs ../shared/{data}, which is not here";
    }
}

/// <summary>A theory that needs llama.cpp and is skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LlamaCppTheoryAttribute : TheoryAttribute
{
    /// <summary>Needs llama.cpp.</summary>
    public LlamaCppTheoryAttribute() => Skip = LlamaCppRun.Missing;
}
