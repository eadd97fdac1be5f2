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
    /// <summary>llama.cpp as a package of npm.</summary>
    public const string Package = "node-llama-cpp";

    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

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
        var script = Path.Combine(SharedData.RepositoryRoot, "tests", "Coppice.Cli.Tests", "LlamaCpp", "llama.mjs");
        return JsonSerializer.Deserialize<LlamaCppRun>(NodePackages.Run(script, JsonSerializer.Serialize(new { model, prompt, count, sequences, texts })), Format)!;
    }
}

/// <summary>A test that needs llama.cpp and optional data, and is skipped, with the reason, where they are not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LlamaCppFactAttribute : FactAttribute
{
    /// <summary>Needs llama.cpp and data.</summary>
    /// <param name="data">A path relative to <c>../shared</c>.</param>
    public LlamaCppFactAttribute(string data) => Skip = NodePackages.Missing(LlamaCppRun.Package) ?? (SharedData.Has(data) ? null : $"needs ../shared/{data}, which is not here");
}
