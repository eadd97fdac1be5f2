namespace Coppice.Tokenizers;

/// <summary>A range of a text in UTF-16 units.</summary>
/// <param name="Start">The first unit.</param>
/// <param name="Length">The number of units.</param>
internal readonly record struct TextPiece(int Start, int Length);
