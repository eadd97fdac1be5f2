namespace Coppice.Tokenizers.Training;

/// <summary>
/// A tokenizer with more tokens than the one it was made of. Each new token stands for one run of old tokens: put them in its place, and the encoding of any
/// text is the old one. (Characters that the old vocabulary could not express at all have no old tokens, or the unknown one.)
/// </summary>
/// <param name="Tokenizer">The tokenizer. Old ids mean what they meant.</param>
/// <param name="FirstNewId">The first new id; the others follow it.</param>
/// <param name="Pieces">The old tokens of each new one, in the order of the new ids.</param>
public sealed record ExtendedTokenizer(Tokenizer Tokenizer, int FirstNewId, IReadOnlyList<IReadOnlyList<int>> Pieces)
{
    /// <summary>Puts the old tokens in the place of new ones.</summary>
    /// <param name="ids">Ids of the extended tokenizer.</param>
    public IEnumerable<int> Expand(IEnumerable<int> ids) => ids.SelectMany(id => id < FirstNewId ? [id] : Pieces[id - FirstNewId]);
}
