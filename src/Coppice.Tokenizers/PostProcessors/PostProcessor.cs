using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary>Works on the tokens of a whole text: adds special tokens around them, or corrects offsets.</summary>
internal abstract class PostProcessor
{
    /// <summary>The id that is put before a text, or null.</summary>
    public virtual int? FirstId => null;

    /// <summary>The id that is put after a text, or null.</summary>
    public virtual int? LastId => null;

    /// <summary>All ids that it may add.</summary>
    public virtual IEnumerable<int> AddedIds => [];

    /// <summary>Processes the tokens of one text.</summary>
    /// <param name="encoding">The tokens; may be changed.</param>
    /// <param name="addSpecialTokens">Whether special tokens are wanted.</param>
    public abstract TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);
}
