using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>What an engine may take.</summary>
public sealed record EngineOptions
{
    /// <summary>The most texts that are continued at a time; fewer where <see cref="CacheBytes"/> has no room for them.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>The memory of the cached keys and values.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>The most tokens of a prompt and its continuation together; the model's own limit where that is lower.</summary>
    public int ContextTokens { get; init; } = 4096;

    /// <summary>
    /// The most tokens of prompts in one pass: a longer prompt is read in several passes, so that the texts beside it go on meanwhile.
    /// </summary>
    public int PromptTokensPerPass { get; init; } = 256;

    /// <summary>The most requests that wait for a place.</summary>
    public int MaxQueue { get; init; } = 256;

    internal void Check()
    {
        foreach (var (name, value) in new[] { ("sequences", MaxSequences), ("context", ContextTokens), ("prompt tokens a pass", PromptTokensPerPass), ("queue", MaxQueue) })
        {
            if (value < 1) throw CoppiceException.Usage($"{name}: {value} is not enough; 1 is the least");
        }
    }
}
