namespace Coppice.Corpus.Tests.Planted;

/// <summary>Numbers and names that look like personal things and are none: they stay.</summary>
internal static class LookAlikes
{
    public const string Kind = "look-alikes of personal things";

    private const int SentencesOfAText = 4;
    private const string Hexadecimal = "0123456789abcdef";

    private static readonly Func<Dice, string>[] Sentences =
    [
        dice => $"Order no. {dice.Digits(4)}-{dice.Digits(4)}-{dice.Digits(4)} was sent on Monday.",
        dice => $"Invoice {dice.Digits(6)} of 2021 is paid, invoice {dice.Digits(10)} is not.",
        dice => $"Version 4.8.{100 + dice.Below(100)}.{100 + dice.Below(100)} mends it, version 10.0.19041.{1000 + dice.Below(999)} does not.",
        dice => $"Section {1 + dice.Below(9)}.{1 + dice.Below(9)}.{1 + dice.Below(9)}.{100 + dice.Below(99)} says so.",
        dice => $"See § {10 + dice.Below(40)}-{dice.Digits(4)}.{dice.Digits(2)}, {50 + dice.Below(20)} DCR {1000 + dice.Below(9000)}, and D.C. Law 22-{100 + dice.Below(100)}.",
        WrongIban,
        WrongCard,
        _ => "It is ISBN 978-3-16-148410-0, formerly 0-306-40615-2.",
        dice => $"It listens on 192.168.{dice.Below(256)}.{1 + dice.Below(254)} and 10.{dice.Below(256)}.0.{1 + dice.Below(254)}, as the manual has it (203.0.113.{dice.Below(256)}).",
        dice => $"The record {dice.Signs(Hexadecimal, 8)}-{dice.Signs(Hexadecimal, 4)}-4{dice.Signs(Hexadecimal, 3)}-8{dice.Signs(Hexadecimal, 3)}-{dice.Signs(Hexadecimal, 12)} is gone.",
        dice => $"Commit {dice.Signs(Hexadecimal, 40)} broke it.",
        dice => $"At 12:{10 + dice.Below(50)}:{10 + dice.Below(50)} on 2021-03-{10 + dice.Below(18)} the clock stood at 16{dice.Digits(8)} seconds.",
        _ => "Clone git@github.com:owner/name.git, and look at icon@2x.png in it.",
        _ => "Set password = \"your_password\" and token = os.environ[\"TOKEN\"] before the first run.",
        dice => $"The years 1996-2004 cost $1,{dice.Digits(3)},{dice.Digits(3)}.{dice.Digits(2)}, the years 2005-2009 less.",
        dice => $"The house stands at 52.{dice.Digits(6)}, 13.{dice.Digits(6)}, on 1 000 000 square feet.",
        dice => $"The parcel 003404{dice.Digits(14)} is at the depot.",
        dice => $"Case No. 2019-CA-{dice.Digits(6)}-B was heard with Docket 19-{dice.Digits(4)}.",
    ];

    public static IEnumerable<PlantedDocument> In(List<PlantedDocument> texts, Dice dice) => texts.Select(text =>
    {
        var planted = text with { Kind = Kind };
        foreach (var make in dice.Shuffled(Sentences)[..SentencesOfAText]) planted = Insertion.AfterALine(planted, make(dice), dice);
        return planted;
    });

    private static string WrongIban(Dice dice)
    {
        var account = dice.Digits(18);
        var check = int.Parse(CheckDigits.OfIban("DE", account), System.Globalization.CultureInfo.InvariantCulture);
        return $"The form had DE{(check < 98 ? check + 1 : 2):00}{account} on it, which is no account.";
    }

    private static string WrongCard(Dice dice)
    {
        var number = CheckDigits.WithLuhn("4" + dice.Digits(14));
        var wrong = number[..^1] + (char)('0' + ((number[^1] - '0' + 3) % 10));
        return $"The sample had {string.Join(' ', wrong.Chunk(4).Select(group => new string(group)))} on it.";
    }
}
