using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class XmlDocumentationTests
{
    [Fact]
    public void A_member_becomes_its_name_and_its_prose()
    {
        var document = Assert.Single(Read("""
            <member name="M:System.Array.BinarySearch``1(``0[],System.Collections.Generic.IComparer{``0})">
              <summary>Searches   a sorted <see cref="T:System.Array" /> with
                <see cref="T:System.Collections.Generic.IComparer`1" />.</summary>
              <param name="array">The <c>array</c>.</param>
              <param name="comparer">May be <see langword="null" />.</param>
              <typeparam name="T">The type.</typeparam>
              <exception cref="T:System.ArgumentNullException">
                <paramref name="array" /> is <code>null</code>.</exception>
              <returns>See <see cref="M:System.Array.Sort(System.Array)" /> and <see cref="P:System.Array.Length" />.<para>Or &lt;not&gt;.</para></returns>
              <remarks><list type="bullet"><item><description>One.</description></item><item>Two.</item></list></remarks>
              <example><code>
            var a = 1;
              var b = 2;
            </code></example>
            </member>
            """).Documents);
        Assert.Equal("M:System.Array.BinarySearch``1(``0[],System.Collections.Generic.IComparer{``0})", document.Id);
        Assert.Equal("System.Array.BinarySearch(array, comparer)", document.Title);
        Assert.Equal(
            """
            System.Array.BinarySearch(array, comparer)

            Searches a sorted Array with IComparer.

            array: The array.

            comparer: May be null.

            T: The type.

            Throws ArgumentNullException: array is null.

            Returns: See Array.Sort and Array.Length.
            Or <not>.

            One.
            Two.

            Example: var a = 1;
              var b = 2;

            """,
            document.Text);
    }

    [Theory]
    [InlineData("T:System.Collections.Generic.List`1", "System.Collections.Generic.List")]
    [InlineData("M:System.Uri.#ctor(System.String)", "new System.Uri(String)")]
    [InlineData("M:System.Console.Beep", "System.Console.Beep()")]
    [InlineData("P:System.String.Chars(System.Int32)", "System.String.Chars(Int32)")]
    [InlineData("M:A.B#C#D(System.Func{System.Int32,System.String},``0)", "A.B.C.D(Func{System.Int32,System.String}, T)")]
    [InlineData("M:A.op_Implicit(A)~B", "A.op_Implicit(A)")]
    [InlineData("", "")]
    [InlineData("M:x(", "x()")]
    public void Identifiers_become_readable(string id, string expected) => Assert.Equal(expected, MemberName.Readable(id, []));

    [Theory]
    [InlineData("T:System.String", "String")]
    [InlineData("T:System.Collections.Generic.IEnumerable`1", "IEnumerable")]
    [InlineData("M:System.IO.File.ReadAllText(System.String)", "File.ReadAllText")]
    [InlineData("M:System.Uri.#ctor(System.String)", "Uri")]
    [InlineData("F:System.DayOfWeek.Friday", "DayOfWeek.Friday")]
    [InlineData("Overload:System.Math.Abs", "Math.Abs")]
    [InlineData("N:System.IO", "System.IO")]
    [InlineData("!:unresolved", "unresolved")]
    [InlineData("", "")]
    public void References_become_short_names(string id, string expected) => Assert.Equal(expected, MemberName.Short(id));

    [Fact]
    public void Members_without_prose_are_counted()
    {
        var (documents, report) = Read("""<member name="M:A.B"><inheritdoc/></member><member name="M:A.C"/><member name="M:A.D"><summary>Text.</summary></member>""");
        Assert.Equal("A.D()\n\nText.\n", Assert.Single(documents).Text);
        Assert.Equal(2, report.Dropped[DropReasons.NoProse].Count);
    }

    [Fact]
    public void Malformed_xml_gives_the_members_before_and_is_counted()
    {
        var (documents, report) = Read("""<member name="M:A.B"><summary>Good.</summary></member><member name="M:A.C"><summary>Bad</oops>""");
        Assert.Equal("M:A.B", Assert.Single(documents).Id);
        Assert.Contains("line 1", Assert.Single(report.Problems[DropReasons.BadXml].Examples), StringComparison.Ordinal);
    }

    [Fact]
    public void Entities_that_multiply_are_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.xml", """<!DOCTYPE doc [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><doc><member name="T:A"><summary>&b;</summary></member></doc>""");
        var (documents, report) = ReaderTests.Read(path);
        Assert.Empty(documents);
        Assert.Equal(1, report.Problems[DropReasons.BadXml].Count);
    }

    [SdkDocumentationFact]
    public void The_documentation_of_the_sdk_reads_as_prose()
    {
        var path = Directory.EnumerateFiles(SdkDocumentationFactAttribute.Folder, "System.Collections.xml", SearchOption.AllDirectories).First();
        var (documents, report) = ReaderTests.Read(path);
        Assert.True(documents.Count > 500);
        Assert.Empty(report.Problems);
        Assert.All(documents, document => Assert.DoesNotContain("<see", document.Text, StringComparison.Ordinal));
        Assert.Contains(documents, document => document.Title == "System.Collections.Generic.Queue.Enqueue(item)");
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SdkDocumentationFactAttribute : FactAttribute
    {
        public SdkDocumentationFactAttribute()
        {
            if (!Directory.Exists(Folder)) Skip = "needs the reference pack of an SDK, which is not here";
        }

        public static string Folder { get; } = Path.GetFullPath(
            Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref"));
    }

    private static (List<Document> Documents, CorpusReport Report) Read(string members)
    {
        using var folder = new TemporaryFolder();
        return ReaderTests.Read(folder.Write("a.xml", $"<?xml version=\"1.0\"?><doc><assembly><name>A</name></assembly><members>{members}</members></doc>"));
    }
}
