using System.Text;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Searches for the most probable continuations of a text: of all continuations by one token of the beginnings that are kept, it keeps the most probable ones, in one
/// pass a token. With as many beams as there are texts the result is exact.
/// </summary>
/// <remarks>
/// <para>A text ends with a token or a string that ends it, where that is among as many best candidates as there are beams, or with the most tokens; prompt and text
/// together have at most one token more than the model has positions. The search ends when no open text can be among the best any more.</para>
/// <para>Nothing is drawn: temperature, cuts and penalties have no part in it. Not thread-safe; one search at a time.</para>
/// </remarks>
[Technique("beam-search", Title = "Sequence to Sequence Learning with Neural Networks", Paper = "arXiv:1409.3215")]
public sealed class BeamSearch : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly TextBoundaries _boundaries;
    private readonly ConstraintCache _constraints;
    private readonly BeamBatch _batch;
    private readonly float[] _allowed;

    /// <summary>A search.</summary>
    /// <param name="model">The model; it must outlive the search.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">The tokenizer has tokens that the model doesn't know, or the model is an encoder.</exception>
    public BeamSearch(LanguageModel model, Tokenizer tokenizer)
    {
        model.RequireCausal("continue a text");
        (_model, _tokenizer, _boundaries) = (model, tokenizer, new TextBoundaries(model, tokenizer));
        _constraints = new ConstraintCache(tokenizer, _boundaries);
        _batch = new BeamBatch(model);
        _allowed = new float[tokenizer.VocabularySize];
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text, which begins as <see cref="TextGenerator"/> has it; special tokens written in it are plain text.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>The texts that were found, the best first: at least one, at most as many as there are beams.</returns>
    /// <exception cref="CoppiceException">An option is outside its range, the prompt too long, the constraint can't be kept to, or the model's numbers are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<BeamResult> Generate(string prompt, BeamOptions options, CancellationToken cancellationToken = default) =>
        Generate(TextBoundaries.Begin(_tokenizer, prompt), options, cancellationToken);

    /// <summary>Continues a prompt whose tokens are known, such as a conversation's.</summary>
    /// <param name="promptTokens">Its tokens, at least one; none is added.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>As above.</returns>
    /// <exception cref="CoppiceException">As above, or there is no token.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<BeamResult> Generate(int[] promptTokens, BeamOptions options, CancellationToken cancellationToken = default)
    {
        if (promptTokens.Length == 0) throw CoppiceException.Usage("a prompt without a token has no continuation");
        var common = options.Check(_tokenizer.VocabularySize);
        var positions = _model.MaxTokens;
        if (promptTokens.Length > positions) throw CoppiceException.Usage($"the prompt has {promptTokens.Length} tokens, and a search takes at most the model's {positions} positions: shorten it");
        var ends = new bool[_tokenizer.VocabularySize];
        for (var token = 0; token < ends.Length; token++) ends[token] = _boundaries.Ends(token) || options.EndTokens.Contains(token);

        // The last token of a text is never read.
        var longest = Math.Min(options.MaxTokens, positions - promptTokens.Length + 1);
        var finished = new FinishedBeams(options.Beams, options.LengthPenalty, longest);
        // However many of them end a text, enough are left to go on with.
        var candidates = new BeamCandidates((2 + ends.Count(end => end)) * options.Beams);
        List<Beam> open = [new Beam(null, -1, 0, null, _constraints.Begin(common))];
        var logits = _batch.Begin(promptTokens, options.Beams, promptTokens.Length + longest - 1);
        for (var length = 1; ; length++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Rank(open, logits, candidates);
            var (next, parents) = (new List<Beam>(), new List<int>());
            for (var rank = 0; rank < candidates.Best.Count && next.Count < options.Beams; rank++)
            {
                var (text, token, logProbability) = candidates.Best[rank];
                // An end takes the place of a beam, so it has to be among as many.
                var mayEnd = rank < options.Beams;
                if (ends[token])
                {
                    if (mayEnd) finished.Add(open[text], logProbability, length, FinishReason.Stop);
                    continue;
                }

                var longer = Append(open[text], token, logProbability, Row(logits, text, open.Count), options.LogProbabilities);
                if (longer.Constraint is { IsComplete: true } || Stops(promptTokens, longer, options.StopStrings))
                {
                    if (mayEnd) finished.Add(longer, logProbability, length, FinishReason.Stop);
                }
                else if (length == longest)
                {
                    finished.Add(longer, logProbability, length, FinishReason.Length);
                }
                else
                {
                    next.Add(longer);
                    parents.Add(text);
                }
            }

            if (next.Count == 0 || finished.AreDecided(next[0].LogProbability, length)) break;
            logits = _batch.Next([.. next.Select(beam => beam.Token)], [.. parents]);
            open = next;
        }

        return [.. finished.Best.Select(beam => Write(promptTokens, beam, options.StopStrings))];
    }

    /// <inheritdoc/>
    public void Dispose() => _batch.Dispose();

    /// <summary>Finds the most probable continuations of all open texts by a token that their form allows.</summary>
    private void Rank(List<Beam> open, ReadOnlySpan<float> logits, BeamCandidates candidates)
    {
        candidates.Clear();
        for (var text = 0; text < open.Count; text++)
        {
            var row = Row(logits, text, open.Count);
            TokenSampler.CheckFinite(row);
            var logTotal = TokenLogProbabilities.LogTotal(row);
            row.CopyTo(_allowed);
            open[text].Constraint?.Apply(_allowed);
            for (var token = 0; token < _allowed.Length; token++)
            {
                if (!float.IsNegativeInfinity(_allowed[token])) candidates.Add(new BeamCandidate(text, token, open[text].LogProbability + (_allowed[token] - logTotal)));
            }
        }
    }

    /// <summary>The logits after a text: those of the tokenizer's tokens, of which a model may have more rows.</summary>
    private ReadOnlySpan<float> Row(ReadOnlySpan<float> logits, int text, int texts) => logits.Slice(logits.Length / texts * text, _tokenizer.VocabularySize);

    private static Beam Append(Beam beam, int token, double logProbability, ReadOnlySpan<float> logits, int? top)
    {
        var constraint = beam.Constraint?.Fork();
        constraint?.Accept(token);
        return new Beam(beam, token, logProbability, top is { } most ? TokenLogProbabilities.Of(logits, token, most) : null, constraint);
    }

    /// <summary>Whether a stop string is complete.</summary>
    private bool Stops(int[] prompt, Beam beam, IReadOnlyList<string> stopStrings)
    {
        if (stopStrings.Count == 0) return false;
        var filter = new StopStringFilter(stopStrings);
        var decoder = new ContinuationDecoder(_tokenizer, prompt);
        foreach (var token in beam.Read().Tokens) filter.Add(decoder.Add(token));
        return filter.Stopped;
    }

    private BeamResult Write(int[] prompt, FinishedBeam beam, IReadOnlyList<string> stopStrings)
    {
        var (tokens, probable) = beam.Text.Read();
        var filter = new StopStringFilter(stopStrings);
        var decoder = new ContinuationDecoder(_tokenizer, prompt);
        var text = new StringBuilder();
        foreach (var token in tokens) text.Append(filter.Add(decoder.Add(token)));
        text.Append(filter.Add(decoder.Finish())).Append(filter.Finish());
        var result = new GenerationResult(text.ToString(), tokens, prompt.Length, filter.Stopped ? FinishReason.Stop : beam.Reason) { LogProbabilities = probable };
        return new BeamResult(result, beam.LogProbability, beam.Score);
    }
}
