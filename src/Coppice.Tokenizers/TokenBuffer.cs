namespace Coppice.Tokenizers;

/// <summary>Where a model appends its tokens: the ids and, where offsets are wanted, how long each token is.</summary>
internal sealed class TokenBuffer
{
    /// <summary>Creates a buffer over a list of ids.</summary>
    /// <param name="ids">Where ids are appended.</param>
    /// <param name="lengths">Where each token's length in UTF-8 bytes of the (mapped) word is appended, or null where no offsets are wanted.</param>
    public TokenBuffer(List<int> ids, List<int>? lengths = null)
    {
        Ids = ids;
        Lengths = lengths;
    }

    public List<int> Ids { get; }

    public List<int>? Lengths { get; }

    /// <summary>Symbols that the vocabulary doesn't hold: left out, or written as the unknown token.</summary>
    public long UnknownCount { get; set; }

    public void Add(int id, int length)
    {
        Ids.Add(id);
        Lengths?.Add(length);
    }
}
