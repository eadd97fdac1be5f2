using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Privacy;

/// <summary>What stands in the place of what was found.</summary>
public enum PiiReplacement
{
    /// <summary>A token for each kind, as Dolma writes them: <c>|||EMAIL_ADDRESS|||</c>.</summary>
    Tokens,

    /// <summary>For e-mail and IP addresses those that datatrove goes round through, so that text stays natural; tokens for the other kinds.</summary>
    Datatrove,
}

/// <summary>What <see cref="PiiMask"/> looks for, and what it puts in its place.</summary>
public sealed record PiiMaskOptions
{
    /// <summary>What stands in the place of what was found.</summary>
    public PiiReplacement Replacement { get; init; } = PiiReplacement.Tokens;

    /// <summary>What to look for.</summary>
    public IReadOnlySet<PiiKind> Kinds { get; init; } = new HashSet<PiiKind>(Enum.GetValues<PiiKind>());

    /// <summary>A document with more findings is dropped; null for never. Dolma drops from 6.</summary>
    public int? MaxFindings { get; init; }
}

/// <summary>
/// Masks e-mail addresses, public IP addresses, telephone numbers, bank account and card numbers, and secrets. Each finding is checked by what its kind obeys (check digits,
/// ranges, lengths of numbering plans), because numbers of versions, books, dates and paragraphs look alike: precision before recall.
/// </summary>
/// <remarks>Datatrove's addresses begin anew with each document, so that the result depends on no other.</remarks>
/// <param name="options">What to look for; null for everything.</param>
[Technique("pii-masking", Title = "Dolma: an Open Corpus of Three Trillion Tokens for Language Model Pretraining Research", Paper = "arXiv:2402.00159")]
public sealed class PiiMask(PiiMaskOptions? options = null) : IDocumentStep
{
    private static readonly string[] Tokens =
        ["|||SECRET|||", "|||IBAN|||", "|||CARD_NUMBER|||", "|||EMAIL_ADDRESS|||", "|||IP_ADDRESS|||", "|||PHONE_NUMBER|||"];

    private static readonly string[] Changes = ["secrets", "bank account numbers", "card numbers", "e-mail addresses", "IP addresses", "telephone numbers"];
    private static readonly string[] MailAddresses = ["email@example.com", "firstname.lastname@example.org"];

    // Datatrove chose them at random among addresses that answered nobody.
    private static readonly string[] IpAddresses = ["22.214.171.124", "126.96.36.199", "220.127.116.11", "188.8.131.52", "18.104.22.168", "184.108.40.206"];

    private readonly PiiMaskOptions _options = options ?? new PiiMaskOptions();

    /// <inheritdoc/>
    public string Name => "pii-mask";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var scanner = new PiiScanner(_options.Kinds);
        return document => Mask(document, scanner.Scan(document.Text));
    }

    /// <summary>What a text has, in its order, without overlaps.</summary>
    /// <param name="text">The text.</param>
    public IReadOnlyList<PiiFinding> Find(string text) => [.. new PiiScanner(_options.Kinds).Scan(text)];

    private StepResult Mask(Document document, ReadOnlySpan<PiiFinding> findings)
    {
        if (findings.IsEmpty) return StepResult.Keep(document);
        if (_options.MaxFindings is { } most && findings.Length > most)
        {
            return StepResult.Drop("too many personal or secret things", new Measurement("personal or secret things", findings.Length, most));
        }

        var text = document.Text;
        var masked = new StringBuilder(text.Length + (8 * findings.Length));
        Span<int> counts = stackalloc int[Tokens.Length];
        var copied = 0;
        foreach (var finding in findings)
        {
            masked.Append(text, copied, finding.Start - copied).Append(InPlaceOf(finding.Kind, counts[(int)finding.Kind]++));
            copied = finding.End;
        }

        masked.Append(text, copied, text.Length - copied);
        var changes = new List<ReasonCount>();
        for (var kind = 0; kind < counts.Length; kind++)
        {
            if (counts[kind] > 0) changes.Add(new ReasonCount(Changes[kind], counts[kind]));
        }

        return StepResult.Rewrite(document with { Text = masked.ToString() }, changes);
    }

    private string InPlaceOf(PiiKind kind, int before) => (_options.Replacement, kind) switch
    {
        (PiiReplacement.Datatrove, PiiKind.Email) => MailAddresses[before % MailAddresses.Length],
        (PiiReplacement.Datatrove, PiiKind.IpAddress) => IpAddresses[before % IpAddresses.Length],
        _ => Tokens[(int)kind],
    };
}
