using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Corpus;

/// <summary>
/// A run of documents as tokens, each laid out as <c>[begin of text] tokens [end of text, only where it is another id]</c>.
/// </summary>
/// <remarks>
/// Where begin and end are one id (GPT-2's <c>&lt;|endoftext|&gt;</c>), the leading one alone makes every next-token target valid: the target
/// of a document's last token is the token that opens the next document, which also means "the text is over". A last one closes the stream.
/// Where they differ, the end token has no target, for what comes after it is another document. A tokenizer with neither (characters)
/// lets documents follow each other.
/// </remarks>
internal sealed class DocumentEncoder(ITokenizer tokenizer)
{
    private readonly int? _begin = tokenizer.BeginOfText;
    private readonly int? _end = tokenizer.EndOfText == tokenizer.BeginOfText ? null : tokenizer.EndOfText;

    /// <summary>What closes the stream after the last document, or null.</summary>
    public int? Closing => _begin is not null && tokenizer.EndOfText == _begin ? _begin : null;

    /// <summary>Appends a document's tokens.</summary>
    /// <param name="document">The document.</param>
    /// <param name="ids">Takes the tokens.</param>
    /// <exception cref="CoppiceException">The text can't be encoded: the message names the document.</exception>
    public void Append(Document document, List<int> ids)
    {
        if (_begin is { } begin) ids.Add(begin);
        var first = ids.Count;
        try
        {
            tokenizer.Encode(document.Text, ids);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException($"Document '{document.Id}' of '{document.Source}': {error.Message}", error.ExitCode, error);
        }

        // A bug of a tokenizer has to show here, not as a wrong row of an embedding or as two bytes cut off.
        foreach (var id in CollectionsMarshal.AsSpan(ids)[first..])
        {
            if ((uint)id < (uint)tokenizer.VocabularySize) continue;
            throw new InvalidOperationException(FormattableString.Invariant(
                $"The tokenizer gave the id {id} with a vocabulary of {tokenizer.VocabularySize}."));
        }

        if (_end is { } end) ids.Add(end);
    }
}
