namespace Coppice.Tokenizers;

/// <summary>Text to token ids and back: what the rooms above need of a tokenizer, whatever its algorithm. Implementations are thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>One more than the largest token id, added tokens included: what an embedding must have rows for.</summary>
    int VocabularySize { get; }

    /// <summary>The id put before each document (such as <c>&lt;s&gt;</c> or <c>&lt;|endoftext|&gt;</c>), or null where there is none.</summary>
    int? BeginOfText { get; }

    /// <summary>The id that ends a document (such as <c>&lt;/s&gt;</c> or <c>&lt;|endoftext|&gt;</c>), or null where there is none.</summary>
    int? EndOfText { get; }

    /// <summary>SHA-256 over everything that decides an encoding: equal fingerprints give equal ids.</summary>
    string Fingerprint { get; }

    /// <summary>Appends the ids of a text, without adding special tokens around it. Special tokens written in the text are plain text here.</summary>
    /// <param name="text">The text, UTF-16.</param>
    /// <param name="ids">Where the ids are appended.</param>
    void Encode(ReadOnlySpan<char> text, List<int> ids);

    /// <summary>The text of ids; bytes that are no valid UTF-8 become U+FFFD.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true);
}
