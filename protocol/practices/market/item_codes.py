# SPDX-License-Identifier: AGPL-3.0-or-later
"""A starter list of item codes: what groups trade most, by its code of five digits and its name in four languages.

The codes are subclasses of the Central Product Classification, Version 2.1 (United Nations Statistics Division, 2015).
The names are our own, short as people say them: a code means all that its subclass holds. Any other code of five digits
does as well, and free words without a code do too.
"""

from collections.abc import Mapping
from typing import NamedTuple


class ItemCode(NamedTuple):
    """A code of CPC 2.1, and what it is called."""

    code: str
    es: str
    pt: str
    en: str
    fr: str


_NAMED = """
01112 | trigo | trigo | wheat | blé
01122 | maíz | milho | maize | maïs
01132 | arroz con cáscara | arroz em casca | rice in the husk | riz paddy
01194 | quinua | quinoa | quinoa | quinoa
01212 | coles y repollos | couves e repolhos | cabbages | choux
01213 | coliflor y brócoli | couve-flor e brócolis | cauliflower and broccoli | choux-fleurs et brocolis
01214 | lechuga | alface | lettuce | laitue
01215 | espinaca | espinafre | spinach | épinards
01219 | otras verduras de hoja | outras verduras de folha | other leafy vegetables | autres légumes-feuilles
01221 | sandía | melancia | watermelons | pastèques
01231 | ajíes y pimientos verdes | pimentas e pimentões | green peppers | poivrons et piments verts
01232 | pepinos | pepinos | cucumbers | concombres
01233 | berenjenas | berinjelas | aubergines | aubergines
01234 | tomates | tomates | tomatoes | tomates
01235 | zapallos y calabazas | abóboras e abobrinhas | pumpkins and squash | courges et potirons
01241 | porotos verdes | vagens | green beans | haricots verts
01251 | zanahorias y nabos | cenouras e nabos | carrots and turnips | carottes et navets
01252 | ajo | alho | garlic | ail
01253 | cebollas | cebolas | onions | oignons
01260 | semillas de hortalizas | sementes de hortaliças | vegetable seeds | semences potagères
01270 | hongos y setas | cogumelos | mushrooms | champignons
01290 | otras hortalizas frescas | outras hortaliças frescas | other fresh vegetables | autres légumes frais
01311 | aguacates | abacates | avocados | avocats
01312 | plátanos y bananas | bananas | bananas | bananes
01316 | mangos y guayabas | mangas e goiabas | mangoes and guavas | mangues et goyaves
01317 | papayas | mamões | papayas | papayes
01318 | piñas | abacaxis | pineapples | ananas
01322 | limones y limas | limões | lemons and limes | citrons et limes
01323 | naranjas | laranjas | oranges | oranges
01324 | mandarinas | tangerinas | tangerines | mandarines
01330 | uvas | uvas | grapes | raisins
01341 | manzanas | maçãs | apples | pommes
01342 | peras y membrillos | peras e marmelos | pears and quinces | poires et coings
01345 | duraznos y nectarinas | pêssegos e nectarinas | peaches and nectarines | pêches et nectarines
01346 | ciruelas | ameixas | plums | prunes
01354 | fresas | morangos | strawberries | fraises
01371 | almendras con cáscara | amêndoas com casca | almonds in shell | amandes en coque
01376 | nueces con cáscara | nozes com casca | walnuts in shell | noix en coque
01422 | maní con cáscara | amendoim com casca | groundnuts in shell | arachides en coque
01450 | aceitunas | azeitonas | olives | olives
01510 | papas | batatas | potatoes | pommes de terre
01520 | yuca y mandioca | mandioca | cassava | manioc
01530 | batatas y camotes | batatas-doces | sweet potatoes | patates douces
01610 | café verde | café verde | green coffee | café vert
01630 | hojas de yerba mate | folhas de erva-mate | maté leaves | feuilles de maté
01640 | cacao en grano | cacau em grão | cocoa beans | fèves de cacao
01699 | otras hierbas aromáticas | outras ervas aromáticas | other aromatic herbs | autres plantes aromatiques
01701 | frijoles y porotos secos | feijão | dry beans | haricots secs
01703 | garbanzos | grão-de-bico | chick peas | pois chiches
01704 | lentejas | lentilhas | lentils | lentilles
01802 | caña de azúcar | cana-de-açúcar | sugar cane | canne à sucre
01919 | forraje | forragem | fodder | fourrage
01930 | plantas medicinales | plantas medicinais | medicinal plants | plantes médicinales
01961 | plantas vivas y plantines | mudas e plantas vivas | live plants and seedlings | plants et plantes vivantes
01962 | flores cortadas | flores cortadas | cut flowers | fleurs coupées
02123 | cabras | cabras | goats | chèvres
02151 | pollos y gallinas vivos | frangos e galinhas vivos | live chickens | poulets vivants
02196 | abejas | abelhas | bees | abeilles
02211 | leche cruda de vaca | leite cru de vaca | raw cow's milk | lait cru de vache
02292 | leche cruda de cabra | leite cru de cabra | raw goat's milk | lait cru de chèvre
02312 | huevos de gallina | ovos de galinha | hen eggs | œufs de poule
02910 | miel | mel | honey | miel
02941 | lana esquilada | lã tosquiada | shorn wool | laine de tonte
02960 | cera de abejas | cera de abelha | beeswax | cire d'abeille
03132 | leña | lenha | firewood | bois de chauffage
04211 | pescado de río fresco | peixe de água doce fresco | fresh freshwater fish | poisson d'eau douce frais
04291 | pescado fresco | peixe fresco | fresh fish | poisson frais
17100 | energía eléctrica | energia elétrica | electricity | électricité
21111 | carne de vacuno fresca | carne bovina fresca | fresh beef | viande bovine fraîche
21113 | carne de cerdo fresca | carne suína fresca | fresh pork | viande de porc fraîche
21121 | carne de pollo fresca | carne de frango fresca | fresh chicken meat | viande de poulet fraîche
21184 | embutidos y salchichas | embutidos e salsichas | sausages | saucisses et charcuterie
21340 | encurtidos en vinagre | conservas em vinagre | pickles in vinegar | conserves au vinaigre
21399 | conservas de verduras | conservas de verduras | preserved vegetables | conserves de légumes
21411 | pasas de uva | uvas-passas | raisins | raisins secs
21419 | frutas secas | frutas secas | dried fruit | fruits secs
21439 | jugos de frutas | sucos de frutas | fruit juices | jus de fruits
21494 | mermeladas y jaleas | geleias e compotas | jams and jellies | confitures et gelées
21495 | frutos secos tostados | castanhas e sementes torradas | roasted nuts and seeds | noix et graines grillées
21632 | aceite de girasol | óleo de girassol | sunflower oil | huile de tournesol
21671 | aceite de oliva virgen | azeite de oliva virgem | virgin olive oil | huile d'olive vierge
22110 | leche pasteurizada | leite pasteurizado | pasteurised milk | lait pasteurisé
22230 | yogur y kéfir | iogurte e quefir | yoghurt and kefir | yaourt et kéfir
22241 | mantequilla | manteiga | butter | beurre
22251 | queso de vaca | queijo de vaca | cow's cheese | fromage de vache
22253 | queso de oveja | queijo de ovelha | sheep's cheese | fromage de brebis
22254 | queso de cabra | queijo de cabra | goat's cheese | fromage de chèvre
23110 | harina de trigo | farinha de trigo | wheat flour | farine de blé
23120 | harina de otros cereales | farinha de outros cereais | other cereal flours | farines d'autres céréales
23161 | arroz blanco | arroz branco | milled rice | riz blanchi
23162 | arroz integral | arroz integral | brown rice | riz complet
23170 | harina de mandioca y otras | farinha de mandioca e outras | cassava and other flours | farine de manioc et autres
23180 | masas y premezclas | massas e misturas para pão | doughs and baking mixes | pâtes et mélanges à cuire
23319 | alimento para animales | ração para animais | animal feed | aliments pour animaux
23420 | galletas dulces | biscoitos doces | sweet biscuits | biscuits sucrés
23430 | pasteles y tortas | bolos e tortas | cakes and pastry | gâteaux et pâtisserie
23490 | pan | pão | bread | pain
23511 | azúcar de caña y panela | açúcar de cana e rapadura | cane sugar | sucre de canne
23520 | azúcar refinada | açúcar refinado | refined sugar | sucre raffiné
23670 | dulces y caramelos | doces e balas | sweets | confiserie
23710 | pasta y fideos secos | macarrão e massas secas | dry pasta | pâtes sèches
23721 | pasta fresca y rellena | massa fresca e recheada | fresh and filled pasta | pâtes fraîches et farcies
23911 | café tostado | café torrado | roasted coffee | café torréfié
23913 | té y yerba mate | chá e erva-mate | tea and maté | thé et maté
23992 | sopas y caldos | sopas e caldos | soups and broths | soupes et bouillons
23994 | vinagre | vinagre | vinegar | vinaigre
23995 | salsas y condimentos | molhos e condimentos | sauces and condiments | sauces et condiments
23997 | comidas preparadas | refeições prontas | prepared meals | plats préparés
24131 | aguardientes y licores | cachaças e licores | spirits and liqueurs | eaux-de-vie et liqueurs
24212 | vino | vinho | wine | vin
24230 | sidra e hidromiel | sidra e hidromel | cider and mead | cidre et hydromel
24310 | cerveza | cerveja | beer | bière
24410 | agua embotellada | água engarrafada | bottled water | eau en bouteille
24490 | bebidas sin alcohol | bebidas sem álcool | soft drinks | boissons sans alcool
26340 | lana para tejer | lã para tricô | knitting wool | laine à tricoter
26690 | telas de algodón | tecidos de algodão | cotton fabrics | tissus de coton
27110 | mantas y frazadas | mantas e cobertores | blankets | couvertures
27120 | ropa de cama y toallas | roupa de cama e toalhas | bed linen and towels | linge de lit et serviettes
27130 | cortinas | cortinas | curtains | rideaux
27150 | bolsas y sacos de tela | sacolas e sacos de pano | cloth bags and sacks | sacs en tissu
28210 | medias y calcetines | meias | socks and stockings | chaussettes et bas
28225 | camisetas | camisetas | T-shirts | T-shirts
28226 | suéteres y chalecos | suéteres e casacos de malha | jerseys and cardigans | pulls et gilets
28233 | ropa de mujer | roupa feminina | women's clothes | vêtements pour femmes
28236 | ropa deportiva y de trabajo | roupa esportiva e de trabalho | sports and working clothes | vêtements de sport et de travail
29220 | bolsos y carteras | bolsas e carteiras | handbags and wallets | sacs et portefeuilles
29330 | calzado de cuero | calçados de couro | leather shoes | chaussures en cuir
31101 | madera aserrada | madeira serrada | sawn timber | bois scié
31600 | carpintería de obra | esquadrias de madeira | builder's joinery | menuiserie du bâtiment
31921 | artículos de corcho | artigos de cortiça | articles of cork | ouvrages en liège
31923 | cestería | cestaria | basketware | vannerie
32193 | papel higiénico y pañuelos | papel higiênico e lenços | toilet paper and tissues | papier toilette et mouchoirs
32220 | libros de consulta | livros de referência | reference books | livres de référence
32292 | libros para niños | livros infantis | children's books | livres pour enfants
32299 | otros libros | outros livros | other books | autres livres
32700 | cuadernos y libretas | cadernos e agendas | notebooks | cahiers et carnets
34510 | carbón vegetal | carvão vegetal | charcoal | charbon de bois
34654 | estiércol y guano | esterco | manure | fumier
34659 | abonos orgánicos y compost | adubos orgânicos e composto | organic fertilisers and compost | engrais organiques et compost
35260 | medicamentos | medicamentos | medicines | médicaments
35321 | jabón | sabão e sabonete | soap | savon
35322 | detergentes y limpieza | detergentes e limpeza | detergents and cleaners | détergents et nettoyants
35323 | perfumes y cosméticos | perfumes e cosméticos | perfumes and cosmetics | parfums et cosmétiques
37221 | vajilla de cerámica | louça de cerâmica | pottery for the table | vaisselle en céramique
37350 | ladrillos y tejas | tijolos e telhas | bricks and roof tiles | briques et tuiles
38140 | muebles | móveis | furniture | meubles
38150 | colchones | colchões | mattresses | matelas
38240 | joyas | joias | jewellery | bijoux
38560 | juguetes | brinquedos | toys | jouets
38993 | escobas y cepillos | vassouras e escovas | brooms and brushes | balais et brosses
38997 | bisutería | bijuteria | costume jewellery | bijoux fantaisie
38999 | velas | velas | candles | bougies
42921 | herramientas de mano | ferramentas manuais | hand tools | outils à main
44822 | estufas y cocinas a leña | fogões e fornos a lenha | wood stoves | poêles et fourneaux
49921 | bicicletas | bicicletas | bicycles | vélos
54111 | construcción de viviendas | construção de casas | house building | construction de maisons
54530 | techado | cobertura de telhados | roofing | couverture de toits
54619 | instalaciones eléctricas | instalações elétricas | electrical work | électricité du bâtiment
54621 | plomería | encanamento | plumbing | plomberie
54730 | pintura de casas | pintura de casas | house painting | peinture en bâtiment
54760 | carpintería | carpintaria | carpentry | charpente et menuiserie
63111 | alojamiento | hospedagem | lodging | hébergement
63310 | comidas en restaurante | refeições em restaurante | restaurant meals | repas au restaurant
63400 | servicio de bebidas | serviço de bebidas | drinks served | débit de boissons
64115 | taxi | táxi | taxi | taxi
65115 | mudanzas | mudanças | moving house | déménagement
65119 | transporte de cargas | transporte de cargas | goods transport | transport de marchandises
72111 | alquiler de vivienda | aluguel de moradia | housing rental | location de logement
73270 | alquiler de herramientas | aluguel de ferramentas | tool hire | location d'outils
82130 | trámites y documentos legales | documentos legais | legal documents | actes juridiques
82222 | teneduría de libros | contabilidade | bookkeeping | tenue de livres
83132 | ayuda informática | suporte de informática | computer help | aide informatique
83141 | desarrollo de programas y webs | desenvolvimento de programas e sites | software and websites | logiciels et sites web
83510 | veterinaria de mascotas | veterinária de animais de estimação | vet for pets | vétérinaire pour animaux
83811 | retratos fotográficos | retratos fotográficos | portrait photography | photographie de portrait
83912 | diseño de productos | desenho de produtos | product design | design de produits
83950 | traducción | tradução | translation | traduction
85330 | limpieza | limpeza | cleaning | nettoyage
85970 | jardinería | jardinagem | gardening | jardinage
86119 | labores agrícolas | serviços agrícolas | farm work | travaux agricoles
87130 | reparación de computadoras | conserto de computadores | computer repair | réparation d'ordinateurs
87141 | reparación de automóviles | conserto de carros | car repair | réparation de voitures
87151 | reparación de electrodomésticos | conserto de eletrodomésticos | appliance repair | réparation d'appareils ménagers
87210 | reparación de calzado | conserto de calçados | shoe repair | cordonnerie
87230 | arreglos de ropa | consertos de roupa | clothes mending | retouches de vêtements
87240 | reparación de muebles | conserto de móveis | furniture repair | réparation de meubles
87290 | reparación de bicicletas y otros | conserto de bicicletas e outros | repair of bicycles and other goods | réparation de vélos et autres
92911 | clases de música y arte | aulas de música e arte | music and art lessons | cours de musique et d'art
92912 | clases de deporte y yoga | aulas de esporte e ioga | sports and yoga lessons | cours de sport et de yoga
92919 | cursos y talleres | cursos e oficinas | courses and workshops | cours et ateliers
92920 | apoyo escolar | reforço escolar | tutoring | soutien scolaire
93192 | enfermería | enfermagem | nursing | soins infirmiers
93510 | cuidado de niños | cuidado de crianças | child care | garde d'enfants
96310 | música en vivo y actuaciones | música ao vivo e apresentações | live music and performances | musique et spectacles
97130 | lavado de ropa | lavagem de roupa | laundry | lavage du linge
97210 | peluquería | cabeleireiro | hairdressing | coiffure
97220 | manicura y cosmética | manicure e estética | manicure and cosmetic care | manucure et soins esthétiques
98000 | ayuda en el hogar | ajuda doméstica | help in the home | aide à domicile
"""  # noqa: E501
ITEM_CODES: Mapping[str, ItemCode] = {
    line[:5]: ItemCode(*(part.strip() for part in line.split("|"))) for line in _NAMED.strip().splitlines()
}
