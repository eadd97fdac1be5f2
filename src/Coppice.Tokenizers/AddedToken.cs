namespace Coppice.Tokenizers;

/// <summary>A token beside the model's own: it is found in a text before anything else happens to that text.</summary>
/// <param name="Id">The id.</param>
/// <param name="Content">The text that is the token.</param>
/// <param name="Special">Whether it is a control token, which decoding may leave out and <see cref="ITokenizer.Encode"/> takes for plain text.</param>
/// <param name="SingleWord">Whether it is only found where no word character stands beside it.</param>
/// <param name="StripLeft">Whether white space before it belongs to it (<c>lstrip</c>).</param>
/// <param name="StripRight">Whether white space after it belongs to it (<c>rstrip</c>).</param>
/// <param name="Normalized">Whether it is looked for in the normalised text instead of the original one.</param>
public sealed record AddedToken(
    int Id,
    string Content,
    bool Special = true,
    bool SingleWord = false,
    bool StripLeft = false,
    bool StripRight = false,
    bool Normalized = false);
