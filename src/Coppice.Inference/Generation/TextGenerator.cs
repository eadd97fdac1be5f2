using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Continues texts: the prompt in one pass, then a token at a time with cached keys and values, or several where what comes next was foreseen.
/// </summary>
/// <remarks>
/// <para>A prompt begins with the tokenizer's begin-of-text token where there is one, as documents do in training. An empty prompt for a tokenizer
/// without one begins with the token of a newline, or, where a newline is not one token, with token 0; either is not part of the text.</para>
/// <para>A text may become longer than the model's context. When the context is full, its last half is read again as a text of its own and generation
/// goes on from there; so is the end of a prompt that is longer than the context. With a window, the first tokens and the last ones are kept instead.</para>
/// <para>Not thread-safe; one generation at a time.</para>
/// </remarks>
public sealed class TextGenerator : IDisposable
{
    private readonly TextBoundaries _boundaries;
    private readonly Tokenizer _tokenizer;
    private readonly ConstraintCache _constraints;
    private readonly DecodingContext _context;
    private readonly Speculation? _speculation;

    /// <summary>A generator.</summary>
    /// <param name="model">The model; it must outlive the generator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="speculation">How it guesses ahead; null for a token at a time.</param>
    /// <param name="window">What it keeps of a text without end; null for the way described above. Not together with <paramref name="speculation"/>.</param>
    /// <exception cref="CoppiceException">The tokenizer has tokens that the model doesn't know, or the model can't have the window.</exception>
    public TextGenerator(LanguageModel model, Tokenizer tokenizer, Speculation? speculation = null, AttentionWindow? window = null)
    {
        if (speculation is not null && window is not null) throw CoppiceException.Usage("a window and guesses don't go together: what was forgotten for a guess can't be brought back");
        _boundaries = new TextBoundaries(model, tokenizer);
        (_tokenizer, _speculation) = (tokenizer, speculation);
        _constraints = new ConstraintCache(tokenizer, _boundaries);
        _context = new DecodingContext(model, window);
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text; special tokens written in it are plain text.</param>
    /// <param name="options">How.</param>
    /// <param name="onText">
    /// Receives the text as it becomes certain, never half a character or a part of a stop string; put together, the pieces are the result's text.
    /// </param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <exception cref="CoppiceException">An option is outside its range, the constraint can't be kept to, or the model's numbers are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerationResult Generate(string prompt, GenerationOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default) =>
        Generate(TextBoundaries.Begin(_tokenizer, prompt), options, onText, cancellationToken);

    /// <summary>Continues a prompt whose tokens are known, such as a conversation's.</summary>
    /// <param name="promptTokens">Its tokens, at least one; none is added.</param>
    /// <param name="options">How.</param>
    /// <param name="onText">As above.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <exception cref="CoppiceException">There is no token, an option is outside its range, the constraint can't be kept to, or the model's numbers are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerationResult Generate(int[] promptTokens, GenerationOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default)
    {
        if (promptTokens.Length == 0) throw CoppiceException.Usage("a prompt without a token has no continuation");
        options.Check(_tokenizer.VocabularySize);
        var continuation = new Continuation(_boundaries, _tokenizer, promptTokens, options, _constraints.Begin(options));
        cancellationToken.ThrowIfCancellationRequested();
        _context.Clear();
        _speculation?.Begin(promptTokens, options);
        var one = new[] { promptTokens[^1] };
        ReadOnlySpan<int> pass = one;
        ReadOnlySpan<int> parents = [-1];
        Span<int> path = stackalloc int[1 + Speculation.MostTokens];
        var logits = _context.Append(promptTokens);
        while (true)
        {
            _speculation?.Observe(pass, logits);
            var drawn = Draw(continuation, pass, parents, logits, path, onText, cancellationToken);
            _speculation?.Count(drawn, proposed: pass.Length - 1);
            if (continuation.Result is { } result) return result;
            _context.Keep(path[..drawn], pass.Length);
            one[0] = continuation.Tokens[^1];
            if (_speculation is null)
            {
                pass = one;
            }
            else
            {
                for (var i = continuation.Tokens.Count - drawn; i < continuation.Tokens.Count; i++) _speculation.Accept(continuation.Tokens[i]);
                pass = _speculation.Next(one[0], Math.Min(_context.Room, options.MaxTokens - continuation.Tokens.Count) - 1);
                parents = _speculation.Parents;
            }

            logits = _context.Append(pass, parents);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    /// <summary>
    /// Draws the token after the first one of a pass, and goes on as long as what is drawn is what the pass foresaw there. This is where proposals are verified: whatever
    /// was foreseen, each token is drawn from its own logits with the random number of its place.
    /// </summary>
    /// <returns>How many tokens were drawn; so many places of the path have the tokens of the pass after which they were.</returns>
    private static int Draw(
        Continuation continuation, ReadOnlySpan<int> pass, ReadOnlySpan<int> parents, Span<float> logits, Span<int> path, Action<string>? onText, CancellationToken cancellationToken)
    {
        var vocabulary = logits.Length / pass.Length;
        var drawn = 0;
        for (var row = 0; ;)
        {
            path[drawn++] = row;
            var piece = continuation.Next(logits.Slice(row * vocabulary, vocabulary));
            if (piece.Length > 0) onText?.Invoke(piece);
            if (continuation.Result is not null) return drawn;
            cancellationToken.ThrowIfCancellationRequested();
            var next = row + 1;
            while (next < pass.Length && (parents[next] != row || pass[next] != continuation.Tokens[^1])) next++;
            if (next == pass.Length) return drawn;
            row = next;
        }
    }
}
