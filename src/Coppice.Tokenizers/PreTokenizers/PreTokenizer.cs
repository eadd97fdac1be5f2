using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>Cuts a normalised text into the words that the model sees one at a time.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Whether the model sees the bytes of a word (in GPT-2's alphabet) instead of its characters.</summary>
    public virtual bool IsByteLevel => false;

    /// <summary>Whether a space goes before a text that doesn't start with one.</summary>
    public virtual bool AddsPrefixSpace => false;

    /// <summary>Appends the words of a range of the text, in order. Nothing of the range is left out unless that is the component's task.</summary>
    /// <param name="text">The text.</param>
    /// <param name="range">The range to cut.</param>
    /// <param name="words">Where the words are appended; none is empty.</param>
    public abstract void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);
}
