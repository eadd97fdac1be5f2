using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>Two sentences that differ in as little as possible, of which one is acceptable.</summary>
/// <param name="Good">The acceptable one.</param>
/// <param name="Bad">The other.</param>
/// <param name="Uid">The set of pairs it belongs to, or null.</param>
/// <param name="Phenomenon">The phenomenon that the set tests, or null.</param>
public sealed record MinimalPair(string Good, string Bad, string? Uid = null, string? Phenomenon = null)
{
    /// <summary>Reads pairs from JSON lines with the fields <c>good</c> and <c>bad</c> and, where known, <c>uid</c> and <c>phenomenon</c>.</summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a line is no pair.</exception>
    public static IReadOnlyList<MinimalPair> Read(string path) => JsonLines.Read(path, "minimal pair", pair => new MinimalPair(
        JsonLines.Text(pair, "good"), JsonLines.Text(pair, "bad"), JsonLines.OptionalText(pair, "uid"), JsonLines.OptionalText(pair, "phenomenon")));
}
