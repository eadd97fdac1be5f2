using System.Globalization;
using System.Text;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// A world of invented people that is told in biographies and asked about in cloze facts: what a model can know of it, where from, and in which
/// words, is known exactly. A person is a function of the seed and the person's number alone, whatever the number of people.
/// </summary>
/// <remarks>
/// Facts are asked about the people who are neither taught nor, where only some are augmented, augmented; see <see cref="WorldOptions"/>. Each
/// is asked twice: as <see cref="ClozeFact.Memorisation"/>, after everything that stands before the value in the person's first biography, and as
/// <see cref="ClozeFact.Paraphrase"/>, in a sentence by itself in a wording that biographies never use.
/// </remarks>
[Technique("biographies", Title = "Physics of Language Models: Part 3.1, Knowledge Storage and Extraction", Paper = "arXiv:2309.14316")]
public sealed class SyntheticWorld
{
    /// <summary>The source of biographies.</summary>
    public const string Biographies = "biographies";

    /// <summary>The source of the sentences that teach the wordings of questions.</summary>
    public const string Taught = "wordings";

    private static readonly PersonAttribute[] Attributes = Enum.GetValues<PersonAttribute>();
    private readonly WorldOptions _options;
    private readonly int[] _names;

    /// <summary>A world.</summary>
    /// <param name="options">How it is told.</param>
    /// <exception cref="CoppiceException">An option is outside its range (exit code 2).</exception>
    public SyntheticWorld(WorldOptions options)
    {
        options.Check();
        _options = options;
        _names = [.. Enumerable.Range(0, WorldValues.Names)];
        Shuffle(_names, Purpose.Names, 0);
    }

    // What a random number decides: each has numbers of its own.
    private enum Purpose : uint
    {
        Names,
        Attributes,
        Offices,
        Augmented,
        Taught,
        Moved,
        Wording,
        Order,
        Question,
    }

    /// <summary>A person, as the world is at first.</summary>
    /// <param name="id">The number, from 0; newcomers follow the people.</param>
    public Person Person(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _options.People + _options.Newcomers);
        var (name, isFemale) = WorldValues.Name(_names[id]);
        var indexes = Attributes.Select(attribute => Draw(Purpose.Attributes, id, (int)attribute, WorldValues.PerAttribute)).ToArray();
        indexes[(int)PersonAttribute.WorkCity] = Office(indexes[(int)PersonAttribute.Employer]);
        return new Person(id, name, isFemale, [.. Attributes.Select(attribute => WorldValues.ByAttribute[(int)attribute][indexes[(int)attribute]])]);
    }

    /// <summary>A person, as the world is after its update.</summary>
    /// <param name="id">The number, from 0.</param>
    public Person UpdatedPerson(int id)
    {
        var person = Person(id);
        if (id >= _options.People || !Chosen(Purpose.Moved, id, _options.MovedShare)) return person;
        var employers = WorldValues.ByAttribute[(int)PersonAttribute.Employer];
        var old = Enumerable.Range(0, employers.Count).First(i => employers[i] == person[PersonAttribute.Employer]);
        var employer = (old + 1 + Draw(Purpose.Moved, id, 1, employers.Count - 1)) % employers.Count;
        var values = person.Values.ToArray();
        values[(int)PersonAttribute.Employer] = employers[employer];
        values[(int)PersonAttribute.WorkCity] = WorldValues.ByAttribute[(int)PersonAttribute.WorkCity][Office(employer)];
        return person with { Values = values };
    }

    /// <summary>Whether a person's facts are also told in the wordings that are held out of biographies.</summary>
    /// <param name="id">The person's number.</param>
    public bool IsTaught(int id) => Chosen(Purpose.Taught, id, _options.TaughtShare);

    /// <summary>Whether a person's biographies are augmented.</summary>
    /// <param name="id">The person's number.</param>
    public bool IsAugmented(int id) => Chosen(Purpose.Augmented, id, _options.AugmentedShare);

    /// <summary>The documents of the world as it is at first, person by person.</summary>
    public IEnumerable<Document> Documents()
    {
        foreach (var id in Enumerable.Range(0, _options.People))
        {
            var person = Person(id);
            foreach (var biography in BiographiesOf(person, Attributes, "")) yield return biography;
            if (!IsTaught(id)) continue;
            foreach (var attribute in Attributes)
            {
                for (var wording = Wordings.Training; wording < Wordings.Training + Wordings.HeldOut; wording++)
                    yield return new Document(Id(id, Name(attribute), wording), $"{Wordings.Fill(attribute, wording, person, byName: true)}{person[attribute]}.", Taught);
            }
        }
    }

    /// <summary>The facts of the world as it is at first.</summary>
    public IEnumerable<ClozeFact> Facts() => Enumerable.Range(0, _options.People).Where(IsAskedAbout).SelectMany(id =>
    {
        var person = Person(id);
        var biography = Tell(person, Attributes, version: 0);
        return Attributes.SelectMany(attribute => (ClozeFact[])
        [
            Fact(person, attribute, biography.Text[..biography.ValueStarts[(int)attribute]], ClozeFact.Memorisation),
            Fact(person, attribute, Question(person, attribute), ClozeFact.Paraphrase),
        ]);
    });

    /// <summary>The documents of the update: of those who have moved, what has changed; and the newcomers' biographies.</summary>
    public IEnumerable<Document> UpdateDocuments()
    {
        foreach (var id in Enumerable.Range(0, _options.People))
        {
            var person = UpdatedPerson(id);
            if (person[PersonAttribute.Employer] == Person(id)[PersonAttribute.Employer]) continue;
            foreach (var biography in BiographiesOf(person, [PersonAttribute.Employer, PersonAttribute.WorkCity], "new-")) yield return biography;
        }

        foreach (var id in Enumerable.Range(_options.People, _options.Newcomers))
        {
            foreach (var biography in BiographiesOf(Person(id), Attributes, "")) yield return biography;
        }
    }

    /// <summary>
    /// The facts of the updated world, in the wordings of questions: <see cref="ClozeFact.Updated"/> with the obsolete answer,
    /// <see cref="ClozeFact.New"/> and <see cref="ClozeFact.Invariant"/>.
    /// </summary>
    public IEnumerable<ClozeFact> UpdateFacts() => Enumerable.Range(0, _options.People + _options.Newcomers).Where(IsAskedAbout).SelectMany(id =>
    {
        var (old, person) = (Person(id), UpdatedPerson(id));
        return Attributes.Select(attribute =>
        {
            var updated = person[attribute] != old[attribute];
            var fact = Fact(person, attribute, Question(person, attribute), id >= _options.People ? ClozeFact.New : updated ? ClozeFact.Updated : ClozeFact.Invariant);
            return updated ? fact with { Obsolete = old[attribute] } : fact;
        });
    });

    /// <summary>A biography, and where each attribute's value begins in its text; -1 where it isn't told.</summary>
    internal (string Text, int[] ValueStarts) Tell(Person person, IReadOnlyList<PersonAttribute> attributes, int version)
    {
        var augmented = IsAugmented(person.Id);
        PersonAttribute[] order = [.. attributes];
        if (augmented && _options.Permute) Shuffle(order, Purpose.Order, person.Id, version * order.Length);
        var text = new StringBuilder();
        var starts = new int[Attributes.Length];
        Array.Fill(starts, -1);
        foreach (var attribute in order)
        {
            var byName = text.Length == 0 || (augmented && _options.FullName);
            if (text.Length > 0) text.Append(' ');
            // Another wording in each version, and any in the first.
            var wording = (Draw(Purpose.Wording, person.Id, (int)attribute, Wordings.Training) + version) % Wordings.Training;
            text.Append(Wordings.Fill(attribute, wording, person, byName));
            starts[(int)attribute] = text.Length;
            text.Append(person[attribute]).Append('.');
        }

        return (text.ToString(), starts);
    }

    private IEnumerable<Document> BiographiesOf(Person person, PersonAttribute[] attributes, string prefix) => Enumerable
        .Range(0, IsAugmented(person.Id) ? _options.Versions : 1)
        .Select(version => new Document(Id(person.Id, prefix + "version", version), Tell(person, attributes, version).Text, Biographies));

    private bool IsAskedAbout(int id) => !(IsTaught(id) && id < _options.People) && !(_options.AugmentedShare < 1 && IsAugmented(id));

    private string Question(Person person, PersonAttribute attribute) =>
        Wordings.Fill(attribute, Wordings.Training + Draw(Purpose.Question, person.Id, (int)attribute, Wordings.HeldOut), person, byName: true);

    private static ClozeFact Fact(Person person, PersonAttribute attribute, string prompt, string kind) => new(person.Name, prompt, person[attribute])
    {
        Id = $"p{person.Id}-{Name(attribute)}-{kind}",
        Kind = kind,
        Candidates = WorldValues.ByAttribute[(int)attribute],
    };

    private static string Name(PersonAttribute attribute) => attribute switch
    {
        PersonAttribute.BirthDate => "birth_date",
        PersonAttribute.BirthCity => "birth_city",
        PersonAttribute.University => "university",
        PersonAttribute.Major => "major",
        PersonAttribute.Employer => "employer",
        _ => "work_city",
    };

    private static string Id(int person, string what, int number) => string.Create(CultureInfo.InvariantCulture, $"p{person}-{what}-{number}");

    private int Office(int employer) => Draw(Purpose.Offices, employer, 0, WorldValues.PerAttribute);

    private bool Chosen(Purpose purpose, int id, double share) => Numbers(purpose, id).UniformDouble(0) < share;

    private int Draw(Purpose purpose, int id, int index, int bound) => Numbers(purpose, id).Integer((ulong)index, bound);

    private Philox Numbers(Purpose purpose, int id) => new(_options.Seed, ((ulong)purpose << 32) | (uint)id);

    private void Shuffle<T>(T[] items, Purpose purpose, int id, int firstNumber = 0)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Draw(purpose, id, firstNumber + i, i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
