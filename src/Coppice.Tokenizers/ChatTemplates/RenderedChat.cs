namespace Coppice.Tokenizers.ChatTemplates;

/// <summary>A conversation as a text.</summary>
/// <param name="Text">The text, special tokens written out.</param>
/// <param name="Generated">
/// The ranges of it, in UTF-16 units, that the template marks as what the assistant says (its <c>generation</c> blocks); empty where it marks nothing.
/// </param>
public sealed record RenderedChat(string Text, IReadOnlyList<(int Start, int End)> Generated);
