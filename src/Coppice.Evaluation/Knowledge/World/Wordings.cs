namespace Coppice.Evaluation;

/// <summary>
/// Sentences that tell an attribute: <c>@</c> stands for the person, the value comes last, before a full stop. The first ones are those of biographies; the
/// last are held out, for questions.
/// </summary>
internal static class Wordings
{
    /// <summary>How many wordings of an attribute biographies use.</summary>
    public const int Training = 8;

    /// <summary>How many are held out.</summary>
    public const int HeldOut = 2;

    private static readonly string[][] ByAttribute =
    [
        [
            "@ was born on ",
            "@ came into the world on ",
            "@'s birthday is ",
            "@ has celebrated every birthday since ",
            "The life of @ began on ",
            "The day on which @ was born is ",
            "@ entered this world on ",
            "@'s family welcomed a new child on ",
            "@'s date of birth reads ",
            "Records say that @ first saw daylight on ",
        ],
        [
            "@ was born in ",
            "@ spent the first years of life in ",
            "@'s birthplace is ",
            "The town where @ was born is called ",
            "@ is a native of ",
            "@ grew up where life began: in ",
            "The hometown of @ is ",
            "@ first opened both eyes in ",
            "@ originally comes from ",
            "The place that @ calls home since childhood is ",
        ],
        [
            "@ studied at ",
            "@ holds a degree from ",
            "@ graduated from ",
            "@'s alma mater is ",
            "@ received an education at ",
            "The school that awarded @ a degree was ",
            "@ attended lectures at ",
            "@ spent the student years at ",
            "@ completed higher education at ",
            "Among the alumni that @ belongs to are those of ",
        ],
        [
            "@ majored in ",
            "@ took a degree in ",
            "@'s field of study was ",
            "@ focused all studies on ",
            "The subject that @ studied was ",
            "@ specialised in ",
            "@ wrote a thesis in ",
            "@ passed the final exams in ",
            "@ is by training an expert in ",
            "The discipline that @ chose was ",
        ],
        [
            "@ works for ",
            "@ is employed by ",
            "@'s employer is ",
            "@ has a position at ",
            "The company that employs @ is ",
            "@ earns a living at ",
            "@ built a career at ",
            "@ joined the staff of ",
            "@ is on the payroll of ",
            "The firm that pays @ is ",
        ],
        [
            "@ works in ",
            "@'s office is in ",
            "The office of @ is found in ",
            "@ goes to work every day in ",
            "@ has a desk in ",
            "The city where @ works is ",
            "@ is professionally based in ",
            "@'s place of work is ",
            "@ commutes each morning to ",
            "Colleagues meet @ at the workplace in ",
        ],
    ];

    /// <summary>A sentence up to its value.</summary>
    /// <param name="attribute">What it tells.</param>
    /// <param name="wording">Which wording; from <see cref="Training"/> on those that are held out.</param>
    /// <param name="person">Of whom.</param>
    /// <param name="byName">Whether the person is named; otherwise a pronoun stands there.</param>
    public static string Fill(PersonAttribute attribute, int wording, Person person, bool byName)
    {
        var template = ByAttribute[(int)attribute][wording];
        if (byName) return template.Replace("@", person.Name, StringComparison.Ordinal);
        var (subject, possessive) = person.IsFemale ? ("She", "Her") : ("He", "His");
        if (template.StartsWith("@'s", StringComparison.Ordinal)) return possessive + template["@'s".Length..];
        if (template[0] == '@') return subject + template[1..];
        // Pronouns stand in the wordings of biographies alone: in these, one of the three words before it makes the person an object.
        var place = template.IndexOf('@', StringComparison.Ordinal);
        var before = template[..place].TrimEnd().Split(' ')[^1];
        var pronoun = before is "of" or "awarded" or "employs" ? (person.IsFemale ? "her" : "him") : subject.ToLowerInvariant();
        return template[..place] + pronoun + template[(place + 1)..];
    }
}
