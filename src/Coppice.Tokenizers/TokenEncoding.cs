namespace Coppice.Tokenizers;

/// <summary>The tokens of a text and where they came from. The three lists have the same length.</summary>
public sealed class TokenEncoding
{
    /// <summary>The token ids.</summary>
    public IReadOnlyList<int> Ids => IdList;

    /// <summary>The tokens as the vocabulary writes them.</summary>
    public IReadOnlyList<string> Tokens => TokenList;

    /// <summary>The Unicode code points of the text, from start up to but without end, that each token came from. (0, 0) for a token that the post-processor added.</summary>
    public IReadOnlyList<(int Start, int End)> Offsets => OffsetList;

    internal List<int> IdList { get; } = [];

    internal List<string> TokenList { get; } = [];

    internal List<(int Start, int End)> OffsetList { get; } = [];

    internal void Add(int id, string token, (int Start, int End) offset)
    {
        IdList.Add(id);
        TokenList.Add(token);
        OffsetList.Add(offset);
    }

    internal void AddAll(TokenEncoding other)
    {
        IdList.AddRange(other.IdList);
        TokenList.AddRange(other.TokenList);
        OffsetList.AddRange(other.OffsetList);
    }
}
