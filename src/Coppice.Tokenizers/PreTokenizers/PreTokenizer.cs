using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>Cuts a normalised text into the words that the model sees one at a time.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Whether it only cuts, so that <see cref="Split"/> says all; otherwise it rewrites words too, and <see cref="Apply"/> must be used.</summary>
    public virtual bool OnlySplits => true;

    /// <summary>Whether words come out as text whose bytes the model is to look at.</summary>
    public virtual bool IsByteLevel => false;

    /// <summary>Appends the words of a range of the text, in order. Nothing of the range is left out unless that is the component's task.</summary>
    /// <param name="text">The text.</param>
    /// <param name="range">The range to cut.</param>
    /// <param name="words">Where the words are appended; none is empty.</param>
    public abstract void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words);

    /// <summary>Cuts, and where that is its task rewrites, the words of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="words">Its words before, and afterwards those that they are cut into.</param>
    public virtual void Apply(NormalizedText text, List<TextPiece> words)
    {
        var whole = words.ToArray();
        words.Clear();
        foreach (var word in whole) Split(text.Text, word, words);
    }

    /// <summary>
    /// The same with every <c>ByteLevel</c> writing a word's bytes in GPT-2's alphabet, where the model doesn't look at bytes itself.
    /// </summary>
    /// <param name="alsoLast">Whether the last component writes them too, because the model can't look at bytes.</param>
    public virtual PreTokenizer WithBytesWritten(bool alsoLast) => this;

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);

    /// <summary>Writes a component that has no settings.</summary>
    protected static void WriteType(Utf8JsonWriter writer, string type)
    {
        writer.WriteStartObject();
        writer.WriteString("type", type);
        writer.WriteEndObject();
    }
}
