namespace Coppice.Adapters;

/// <summary>Makes another text of one, that should mean the same: on its tokens. A new way is a file.</summary>
public interface ITextAugmentation
{
    /// <summary>Another version of a document.</summary>
    /// <param name="tokens">The document's tokens, with those around it, which stay.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="number">The number of the version: with the seed it names all random numbers.</param>
    /// <returns>At least one token, and no more than there were.</returns>
    int[] Apply(ReadOnlySpan<int> tokens, ulong seed, ulong number);
}

/// <summary>Versions of many documents.</summary>
public static class TextAugmentation
{
    /// <summary>Versions of each example.</summary>
    /// <param name="augmentation">The way.</param>
    /// <param name="examples">Examples of one document each.</param>
    /// <param name="versions">How many of each; at least 1.</param>
    /// <param name="seed">Decides them.</param>
    /// <returns>[examples][versions] documents.</returns>
    public static IReadOnlyList<int[][]> Versions(this ITextAugmentation augmentation, IReadOnlyList<TaskExample> examples, int versions, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(versions, 1);
        return [.. examples.Select((example, i) => Enumerable.Range(0, versions)
            .Select(version => augmentation.Apply(example.Documents[0].Tokens, seed, (ulong)i * (ulong)versions + (ulong)version)).ToArray())];
    }
}
