using System.Buffers;
using System.Text;

namespace Coppice.Corpus.Tests.Building;

/// <summary>Drops short documents.</summary>
internal sealed class DropShort(int minimum) : IDocumentStep
{
    public string Name => "short";

    public Func<Document, StepResult> Begin() => document =>
    {
        var measured = new Measurement("characters", document.Text.Length, minimum);
        return document.Text.Length < minimum ? StepResult.Drop("too short", measured) : StepResult.Keep(document, measured);
    };
}

/// <summary>Replaces a word by another.</summary>
internal sealed class ReplaceWord(string word, string by) : IDocumentStep
{
    public string Name => "replace";

    public Func<Document, StepResult> Begin() => document =>
    {
        var parts = document.Text.Split(word);
        return parts.Length == 1 ? StepResult.Keep(document) : StepResult.Rewrite(document with { Text = string.Join(by, parts) }, new ReasonCount("words", parts.Length - 1));
    };
}

/// <summary>Fails on documents that hold a word, and counts the documents it has seen in all passes.</summary>
internal sealed class FailsOn(string word) : IDocumentStep
{
    private long _seen;

    public long Seen => Interlocked.Read(ref _seen);

    public string Name => "fails";

    public Func<Document, StepResult> Begin() => document =>
    {
        Interlocked.Increment(ref _seen);
        return document.Text.Contains(word, StringComparison.Ordinal) ? throw new InvalidOperationException($"no {word}, please") : StepResult.Keep(document);
    };
}

/// <summary>Keeps the first document of those with the same first word; it stands for the others, of which the second is edited instead of dropped.</summary>
internal sealed class FirstOfWord : ICorpusStep
{
    private long _sketched, _decided;

    public long Sketched => Interlocked.Read(ref _sketched);

    public long Decided => _decided;

    public string Name => "first-of-word";

    public string SketchVersion => "first word";

    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, output) =>
    {
        Interlocked.Increment(ref _sketched);
        Encoding.UTF8.GetBytes(document.Text.Split(' ')[0], output);
    };

    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        _decided++;
        var groups = corpus.Documents.Select(document => (document.Index, document.IsEarlier, Word: Encoding.UTF8.GetString(document.Sketch.Span))).GroupBy(document => document.Word).ToList();

        // In no particular order.
        foreach (var members in groups.AsEnumerable().Reverse().Select(group => group.ToList()))
        {
            var first = members[0];
            foreach (var other in members.Skip(1).Where(member => !member.IsEarlier))
            {
                if (!first.IsEarlier) Assert.StartsWith(first.Word, corpus.Load(first.Index)!.Text, StringComparison.Ordinal);
                if (other == members[1] && !first.IsEarlier) decisions.Edit(other.Index, "second"u8);
                else decisions.Drop(other.Index, "same word", new Measurement("place", members.IndexOf(other), 1), first.Index);
            }

            if (members.Count > 1 && !first.IsEarlier) decisions.StandsFor(first.Index, members.Count);
        }
    }

    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) =>
        StepResult.Rewrite(document with { Text = $"{document.Text} ({Encoding.UTF8.GetString(edit)})" }, new ReasonCount("marked", 1));
}

/// <summary>The same as a step that links documents by their first word, and how many documents it was given to decide on.</summary>
internal sealed class LinkedByWord : ILinkingStep
{
    private readonly FirstOfWord _step = new();

    public long LookedAt { get; private set; }

    public string Name => _step.Name;

    public string SketchVersion => _step.SketchVersion;

    public Action<Document, IBufferWriter<byte>> BeginSketching() => _step.BeginSketching();

    public void AddKeys(ReadOnlySpan<byte> sketch, List<ulong> keys) => keys.Add(TextHash.Of(Encoding.UTF8.GetString(sketch)));

    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        LookedAt += corpus.Count;
        foreach (var word in corpus.Documents.GroupBy(document => Encoding.UTF8.GetString(document.Sketch.Span), document => document.Index))
        {
            foreach (var other in word.Skip(1)) decisions.Link(word.First(), other);
        }

        _step.Decide(corpus, decisions, cancellation);
    }

    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => _step.Apply(document, edit);
}

/// <summary>Loads every document again, the last one first, and compares it with what was sketched of it: all of its text.</summary>
internal sealed class LoadsAll : ICorpusStep
{
    public int Loaded { get; private set; }

    public string Name => "loads-all";

    public string SketchVersion => "text";

    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, output) => Encoding.UTF8.GetBytes(document.Text, output);

    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        foreach (var (index, text) in corpus.Documents.Select(document => (document.Index, Encoding.UTF8.GetString(document.Sketch.Span))).Reverse())
        {
            Assert.Equal(text, corpus.Load(index)!.Text);
            Loaded++;
        }
    }

    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);
}
