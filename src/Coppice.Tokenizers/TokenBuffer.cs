namespace Coppice.Tokenizers;

/// <summary>Where a model appends its tokens: the ids and, where offsets are wanted, the part of the word that each token is.</summary>
internal sealed class TokenBuffer
{
    private int position;

    /// <summary>Creates a buffer over a list of ids.</summary>
    /// <param name="ids">Where ids are appended.</param>
    /// <param name="ranges">Where each token's range of UTF-8 bytes of the (mapped) word is appended, or null where no offsets are wanted.</param>
    public TokenBuffer(List<int> ids, List<(int Start, int End)>? ranges = null)
    {
        Ids = ids;
        Ranges = ranges;
    }

    public List<int> Ids { get; }

    public List<(int Start, int End)>? Ranges { get; }

    /// <summary>Symbols that the vocabulary doesn't hold: left out, or written as the unknown token.</summary>
    public long UnknownCount { get; set; }

    /// <summary>Appends the token of the next bytes of the word.</summary>
    /// <param name="id">The token.</param>
    /// <param name="length">How many bytes it is; ignored where no offsets are wanted.</param>
    public void Add(int id, int length)
    {
        Ids.Add(id);
        if (Ranges is null) return;
        Ranges.Add((position, position + length));
        position += length;
    }

    /// <summary>Appends tokens that all stand for the same next bytes of the word.</summary>
    public void AddShared(ReadOnlySpan<int> ids, int length)
    {
        Ids.AddRange(ids);
        if (Ranges is null) return;
        for (var i = 0; i < ids.Length; i++) Ranges.Add((position, position + length));
        position += length;
    }

    /// <summary>Takes back what was appended of this word.</summary>
    /// <param name="count">How many tokens there were before.</param>
    public void TakeBack(int count)
    {
        Ids.RemoveRange(count, Ids.Count - count);
        if (Ranges is null) return;
        Ranges.RemoveRange(count, Ranges.Count - count);
        position = 0;
    }
}
