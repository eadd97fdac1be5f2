using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>Scores cloze facts on a model: log p of the answer, its rank among the candidates, and whether greedy decoding would write it.</summary>
/// <remarks>
/// <para>Prompt and answer are encoded together, as the model read such text in training; encoded apart, the answer would get tokens that never follow
/// the prompt (a tokenizer may put a space before every text, or join letters on both sides of the seam). The answer's tokens are those after the
/// longest run that the encodings of the bare prompt and of the prompt with each alternative have in common, so that all alternatives of a
/// fact are predicted from the same tokens.</para>
/// <para>A candidate can't be more probable than its first token, and log p of all first tokens comes with the pass over the right answer. So a second
/// pass scores only those candidates whose first token leaves it open whether they beat the answer: none, for most facts that a model
/// knows.</para>
/// </remarks>
[Technique("cloze-facts", Title = "Towards Continual Knowledge Learning of Language Models", Paper = "arXiv:2110.03215")]
[Technique("recognition-recall", Title = "Recognition, recall, and retention of few-shot memories in large language models", Paper = "arXiv:2303.17557")]
public sealed class FactEvaluator : IDisposable
{
    // An answer is a few words; logits of every token of a whole text would be gigabytes.
    private const int LongestAnswer = 256;

    private readonly LanguageModel _model;
    private readonly SequenceEncoder _encoder;
    private readonly AnswerScorer _answers;
    private readonly AnswerScorer _others;
    private readonly List<Pending> _pending = [];
    private readonly List<(Pending Fact, int Alternative)> _otherItems = [];

    /// <summary>An evaluator of a model.</summary>
    /// <param name="model">The model; it must outlive the evaluator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public FactEvaluator(LanguageModel model, ITokenizer tokenizer, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        (_model, _encoder) = (model, new SequenceEncoder(tokenizer));
        _answers = new AnswerScorer(model, batchTokens, TakeAnswer);
        _others = new AnswerScorer(model, batchTokens, TakeOther);
    }

    /// <summary>Evaluates facts.</summary>
    /// <param name="facts">The facts; see <see cref="ClozeFact.Read"/>.</param>
    /// <param name="cancellationToken">Ends it between two facts.</param>
    /// <exception cref="CoppiceException">
    /// There is no fact, an answer has no token of its own or very many, a fact is longer than the context, the tokenizer is not the model's, or the model's
    /// numbers are not finite.
    /// </exception>
    public FactEvaluation Evaluate(IReadOnlyList<ClozeFact> facts, CancellationToken cancellationToken = default)
    {
        if (facts.Count == 0) throw new CoppiceException("There is no fact to evaluate.");
        _answers.Clear();
        _others.Clear();
        _pending.Clear();
        _otherItems.Clear();
        foreach (var fact in facts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pending = Encode(fact);
            _pending.Add(pending);
            _answers.Add(_pending.Count - 1, pending.Alternatives[0], pending.Seam);
        }

        _answers.Flush();
        _others.Flush();
        return FactEvaluation.Of([.. _pending.Select(pending => pending.Score())]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _answers.Dispose();
        _others.Dispose();
    }

    private Pending Encode(ClozeFact fact)
    {
        // The answer first, then the other candidates; the obsolete answer may be one of them.
        List<string> texts = [fact.Answer, .. fact.Candidates.Distinct().Where(candidate => candidate != fact.Answer)];
        var candidates = texts.Count;
        if (fact.Obsolete is { } obsolete && !texts.Contains(obsolete)) texts.Add(obsolete);
        int[][] alternatives = [.. texts.Select(text => _encoder.Encode(fact.Prompt + text).ToArray())];
        var prompt = _encoder.Encode(fact.Prompt);
        var seam = prompt.Length;
        foreach (var alternative in alternatives) seam = Math.Min(seam, prompt.CommonPrefixLength(alternative));
        if (seam == 0) throw new CoppiceException($"fact '{fact.Name}': there is no token before the answer to predict it from; give it a longer prompt");
        for (var i = 0; i < texts.Count; i++)
        {
            if (alternatives[i].Length == seam) throw new CoppiceException($"fact '{fact.Name}': the tokenizer has no token for '{texts[i]}'");
            if (alternatives[i].Length - seam > LongestAnswer) throw new CoppiceException($"fact '{fact.Name}': an answer has more than {LongestAnswer} tokens");
            if (alternatives[i].Length - 1 > _model.MaxTokens)
                throw new CoppiceException(FormattableString.Invariant($"fact '{fact.Name}': has {alternatives[i].Length} tokens, and the model takes {_model.MaxTokens} at a time; give it a shorter prompt"));
        }

        return new Pending(fact, alternatives, seam, candidates, fact.Obsolete is null ? -1 : texts.IndexOf(fact.Obsolete));
    }

    private void TakeAnswer(int item, in AnswerScore score, ReadOnlySpan<float> first)
    {
        var fact = _pending[item];
        fact.Answer = score;
        for (var i = 1; i < fact.Alternatives.Length; i++)
        {
            var sequence = fact.Alternatives[i];
            // Its log p per token at most: that of its first token, the others being certain.
            var bound = first[sequence[fact.Seam]] / (sequence.Length - fact.Seam);
            if (i != fact.Obsolete && bound < score.Mean) continue;
            _others.Add(_otherItems.Count, sequence, fact.Seam);
            _otherItems.Add((fact, i));
        }
    }

    private void TakeOther(int item, in AnswerScore score, ReadOnlySpan<float> first)
    {
        var (fact, alternative) = _otherItems[item];
        if (alternative == fact.Obsolete) fact.ObsoleteMean = score.Mean;
        // A tie counts against the answer: a model that finds all candidates alike knows nothing.
        if (alternative < fact.Candidates && score.Mean >= fact.Answer.Mean) fact.Better++;
    }

    /// <summary>A fact whose scores are not all there yet.</summary>
    /// <param name="fact">The fact.</param>
    /// <param name="alternatives">The whole sequences: the answer's, the other candidates', and the obsolete answer's where it is no candidate.</param>
    /// <param name="seam">Where the alternatives begin in them.</param>
    /// <param name="candidates">How many of them are candidates, the answer included.</param>
    /// <param name="obsolete">Which one is the obsolete answer, or -1.</param>
    private sealed class Pending(ClozeFact fact, int[][] alternatives, int seam, int candidates, int obsolete)
    {
        public int[][] Alternatives => alternatives;

        public int Seam => seam;

        public int Candidates => candidates;

        public int Obsolete => obsolete;

        public AnswerScore Answer { get; set; }

        public double? ObsoleteMean { get; set; }

        public int Better { get; set; }

        public FactScore Score() => candidates > 1
            ? new FactScore(fact, Answer.LogProbability, Answer.Tokens, Answer.Greedy, 1 + Better, candidates, ObsoleteMean)
            : new FactScore(fact, Answer.LogProbability, Answer.Tokens, Answer.Greedy, null, 0, ObsoleteMean);
    }
}
