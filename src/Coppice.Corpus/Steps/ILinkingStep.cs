namespace Coppice.Corpus;

/// <summary>
/// A corpus step that decides on a document by no others than those that it is linked with: documents that have a key in common are, and what is linked with the same document is linked
/// too. What a later build adds then changes nothing for documents that are not linked with it, so that they are not looked at again.
/// </summary>
/// <remarks>
/// Of documents that are not looked at, decisions stand as they were taken. So those of some documents may depend on nothing but their sketches and order, and on texts only as far as
/// the sketches tell different ones apart.
/// </remarks>
public interface ILinkingStep : ICorpusStep
{
    /// <summary>Gives the keys of a document. While it decides, the step says which documents it found to share one (<see cref="IDecisions.Link"/>).</summary>
    /// <param name="sketch">What <see cref="ICorpusStep.BeginSketching"/> wrote.</param>
    /// <param name="keys">Takes them: good hashes, since they are looked up by their bits.</param>
    void AddKeys(ReadOnlySpan<byte> sketch, List<ulong> keys);
}
